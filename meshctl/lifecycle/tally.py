"""What a run came to, counted from its own events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from meshctl.errors import worst_exit
from meshctl.events import Applied, Blocked, Deleted, Event, Failed, Pruned, Ready, Unchanged, Warned
from meshctl.lifecycle.ownership import NOT_OURS

NOT_BEGUN = "NotBegun"
UNFINISHED = "Unfinished"

_GUARDED = 3  # the exit code of what is refused because it is another's


class Tally:
    """`applied`, `unchanged`, `deleted` and `pruned` count objects, all others services."""

    def __init__(self) -> None:
        self._objects: Counter[str] = Counter()
        self._services: dict[str, set[str]] = {}
        self._exits: set[int] = set()

    def add(self, event: Event) -> None:
        match event:
            case Applied() | Unchanged() | Pruned():
                self._objects[event.type] += 1
            case Deleted(object=None):
                self._note("gone", event)
            case Deleted():
                self._objects["deleted"] += 1
            case Ready():
                self._note("ready", event)
            case Failed():
                self._note("failed", event)
                self._exits.add(_GUARDED if event.code == NOT_OURS else 1)
            case Blocked():
                self._note("blocked", event)
                self._exits.add(1)
            case Warned(code=code) if code == NOT_BEGUN:
                self._note("not_begun", event)
            case Warned(code=code) if code == UNFINISHED:
                self._note("unfinished", event)

    def exit_with(self, code: int) -> None:
        self._exits.add(code)

    def knows(self, service: str) -> bool:
        """Whether it has come to an end, of whatever kind."""
        return any(service in services for services in self._services.values())

    @property
    def failed(self) -> Collection[str]:
        """The services that failed so far."""
        return self._services.get("failed", ())

    @property
    def exit(self) -> int:
        return worst_exit(self._exits)

    @property
    def counts(self) -> Mapping[str, int]:
        return {**self._objects, **{outcome: len(services) for outcome, services in sorted(self._services.items())}}

    def _note(self, outcome: str, event: Event) -> None:
        self._services.setdefault(outcome, set()).add(event.service)
