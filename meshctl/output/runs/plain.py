"""One line an event, without colour or cursor control: for pipes, CI and simple terminals."""

from __future__ import annotations

from collections.abc import Mapping

from meshctl.events import (
    Applied,
    Blocked,
    Deleted,
    Event,
    Failed,
    Finished,
    Planned,
    Pruned,
    Ready,
    Unchanged,
    Waiting,
    Warned,
)
from meshctl.output import wording


class PlainLines:
    """Turns events into lines `seconds  service  what happened`, the columns aligned."""

    def __init__(self) -> None:
        self._began = 0.0
        self._width = 0

    def line(self, event: Event) -> str:
        """The event's line; empty for the last event, whose place is taken by the summary."""
        if isinstance(event, Planned):
            self._began = event.time
            self._width = max((len(service) for service in event.services), default=0)
            return _plan(event)
        if isinstance(event, Finished):
            return ""
        elapsed = wording.seconds(max(0.0, event.time - self._began)) if self._began else ""
        return f"{elapsed:>7}  {event.service:<{self._width}}  {wording.one_line(what(event))}"


def _plan(event: Planned) -> str:
    services = wording.count(len(event.services), "service")
    objects = wording.count(event.objects, "object")
    place = f"namespace {event.namespace}" + (f" of {event.context}" if event.context else "")
    return "; ".join(filter(None, [f"{event.action}: {services}, {objects}, in {place}", prunes(event)]))


def prunes(event: Planned) -> str:
    """What is going to be deleted as no template has it any more; empty when nothing is."""
    names = ", ".join(map(wording.resource, event.prunes))
    return f"prunes {wording.count(len(event.prunes), 'object')}: {names}" if names else ""


def what(event: Event) -> str:
    """What happened, in kubectl's words: `deployment.apps/cart created`."""
    match event:
        case Applied() | Unchanged() | Deleted() | Pruned():
            return _done(event)
        case Waiting(reason=reason, ready=ready, wanted=wanted):
            return f"waiting: {reason}{replicas(ready, wanted, ' ({}/{} ready)')}"
        case Ready(ready=ready, wanted=wanted, seconds=seconds):
            return f"ready{replicas(ready, wanted, ' {}/{}')} in {wording.seconds(seconds)}"
        case Blocked(by=by):
            return f"blocked by {', '.join(by)}"
        case Failed(code=code, message=message) | Warned(code=code, message=message):
            return f"{event.type}: {code}: {message}"
    return f"{event.type}: {getattr(event, 'message', '')}"


def _done(event: Applied | Unchanged | Deleted | Pruned) -> str:
    """An object and what came of it; a service that is gone as a whole is no object."""
    if event.object is None:
        return "gone"
    verb = event.operation if isinstance(event, Applied) else event.type
    return f"{wording.resource(event.object)} {verb}{' (dry run)' if getattr(event, 'dry_run', False) else ''}"


def replicas(ready: int, wanted: int, form: str) -> str:
    """Empty where counting pods makes no sense."""
    return form.format(ready, wanted) if wanted else ""


_OUTCOMES = ("ready", "gone", "failed", "blocked", "not_begun")
_OBJECTS = ("applied", "restarted", "unchanged", "pruned", "deleted")


def counted(counts: Mapping[str, int]) -> str:
    """`5 ready, 1 failed, 20 applied`: what is zero is left out, what is not known comes last."""
    known = (*_OUTCOMES, *_OBJECTS)
    names = [*known, *sorted(set(counts) - set(known))]
    return ", ".join(f"{counts[name]} {name.replace('_', ' ')}" for name in names if counts.get(name))
