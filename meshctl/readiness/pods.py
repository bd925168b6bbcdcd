"""The Pod: its phase first, then what its containers and the scheduler say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from meshctl.readiness.verdict import (
    Object,
    Readiness,
    State,
    condition,
    current,
    entries,
    failed,
    flag,
    holds,
    in_progress,
    number,
    text,
)

SCHEDULE_WINDOW = timedelta(seconds=15)  # kstatus' patience before a pod counts as unschedulable


def pod(obj: Object) -> Readiness:
    match text(obj, "status", "phase"):
        case "Succeeded":
            return current("it has completed")
        case "Failed":
            return failed(text(obj, "status", "reason") or "PodFailed", _end(obj))
        case "Running":
            return _running(obj)
        case "Pending":
            return _pending(obj)
        case "":
            return in_progress("waiting for the pod to be seen")
        case phase:
            return Readiness(State.UNKNOWN, f"its phase is {phase}: its node may be lost")


def _running(obj: Object) -> Readiness:
    if holds(obj, "Ready"):
        return current("the pod is ready")
    crashing = [
        text(container, "name")
        for container in entries(obj, "status", "containerStatuses")
        if text(container, "state", "waiting", "reason") == "CrashLoopBackOff"
    ]
    if crashing:
        return failed("CrashLoopBackOff", f"{_containers(crashing)} again and again")
    unready = [text(each, "name") for each in entries(obj, "status", "containerStatuses") if not flag(each, "ready")]
    return in_progress(f"running, but not ready: {', '.join(unready)}" if unready else "running, but not ready")


def _pending(obj: Object) -> Readiness:
    scheduled = condition(obj, "PodScheduled")
    if scheduled.get("status") != "False" or scheduled.get("reason") != "Unschedulable":
        return in_progress(_waiting(obj) or "waiting for its containers to start")
    because = text(scheduled, "message")
    message = "no node takes the pod" + (f": {because}" if because else "")
    if _age(obj) < SCHEDULE_WINDOW:
        return in_progress(message)
    return failed("Unschedulable", message)


def _waiting(obj: Object) -> str:
    """The first container that waits for more than its turn, in its own words."""
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in entries(obj, "status", field):
            reason = text(container, "state", "waiting", "reason")
            if reason and reason not in ("ContainerCreating", "PodInitializing"):
                return f"container {text(container, 'name')} is waiting: {reason}"
    return ""


def _end(obj: Object) -> str:
    """Why a pod failed: its own reason (Evicted, DeadlineExceeded …), else the first container that did."""
    if own := text(obj, "status", "message") or text(obj, "status", "reason"):
        return f"the pod failed: {own}"
    for container in entries(obj, "status", "containerStatuses"):
        if code := number(container, "state", "terminated", "exitCode"):
            reason = text(container, "state", "terminated", "reason")
            because = f" ({reason})" if reason not in ("", "Error") else ""
            return f"the pod failed: container {text(container, 'name')} exited with {code}{because}"
    return "the pod failed"


def _containers(names: list[str]) -> str:
    if len(names) == 1:
        return f"container {names[0]} crashes"
    return f"containers {', '.join(names[:-1])} and {names[-1]} crash"


def _age(obj: Object) -> timedelta:
    """Very old when the object does not say: then there is nothing to be patient for."""
    created = text(obj, "metadata", "creationTimestamp")
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return timedelta.max
    return datetime.now(UTC) - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))
