"""What holds for every kind: deletion, observed generation, and the conditions that controllers agree on."""

from __future__ import annotations

from collections.abc import Mapping

from meshctl.readiness.verdict import (
    Object,
    Readiness,
    State,
    condition,
    conditions,
    current,
    failed,
    generation,
    in_progress,
    reason_of,
    text,
)


def common(obj: Object) -> Readiness | None:
    """The verdict that needs no knowledge of the kind, or None."""
    if text(obj, "metadata", "deletionTimestamp"):
        return Readiness(State.TERMINATING, "it is being deleted")
    return _generation(obj) or _unreadable(obj) or _standard_conditions(obj)


def ready_condition(obj: Object) -> Readiness:
    """The last resort, for a kind without a rule: its Ready condition; without one nothing says that it is not."""
    ready = condition(obj, "Ready")
    match ready.get("status"):
        case "True":
            return current("it is ready")
        case "False" | "Unknown":
            return in_progress(reason_of(ready) or "waiting for the condition Ready")
        case _:
            return current("it is there")


def _generation(obj: Object) -> Readiness | None:
    """A status that speaks of an older spec says nothing about this one."""
    wanted = generation(obj, "metadata", "generation")
    observed = generation(obj, "status", "observedGeneration")
    if wanted is None or observed in (None, wanted):
        return None
    return in_progress("waiting for its controller to see the latest change")


def _unreadable(obj: Object) -> Readiness | None:
    """No API server stores such a status; where kstatus gives up with an error, we say that nothing is known."""
    status = obj.get("status")
    listed = status.get("conditions") if isinstance(status, Mapping) else None
    readable = isinstance(listed, list) and all(isinstance(each, Mapping) for each in listed)
    if (status is None or isinstance(status, Mapping)) and (listed is None or readable):
        return None
    return Readiness(State.UNKNOWN, "its status cannot be read")


def _standard_conditions(obj: Object) -> Readiness | None:
    """In the order in which they stand in the object, as kstatus reads them."""
    for each in conditions(obj):
        if each.get("status") != "True":
            continue
        if each.get("type") == "Reconciling":
            return in_progress(reason_of(each) or "its controller is working on it")
        if each.get("type") == "Stalled":
            return failed(text(each, "reason") or "Stalled", reason_of(each) or "its controller gave up")
    return None
