"""How a pod's containers are read: their states, their parts of the spec, and what they are called to a person."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.diagnosis.case import Object, line
from meshctl.readiness.verdict import entries, mapping, number, text

PROXY = "istio-proxy"
_EXITS = {
    126: "its command cannot be run",
    127: "its command was not found",
    134: "it aborted",
    137: "it was killed",
    139: "a segmentation fault",
    143: "it was told to end",
}


def statuses(pod: Object) -> Iterator[Object]:
    """Of all containers; native sidecars are among the init containers."""
    yield from entries(pod, "status", "initContainerStatuses")
    yield from entries(pod, "status", "containerStatuses")


def name_of(container: Object) -> str:
    return text(container, "name")


def waiting(container: Object) -> str:
    """The reason for which it waits; empty when it does not."""
    return text(container, "state", "waiting", "reason")


def running(container: Object) -> bool:
    return mapping(container, "state").get("running") is not None


def ended(container: Object, field: str) -> Object:
    """How it ended, in `state` or in `lastState`; empty when it has not."""
    return mapping(container, field, "terminated")


def specification(pod: Object, container: Object) -> Object:
    """The container's part of the pod's spec."""
    both = (*entries(pod, "spec", "initContainers"), *entries(pod, "spec", "containers"))
    return next((each for each in both if text(each, "name") == name_of(container)), {})


def is_initial(pod: Object, container: Object) -> bool:
    """Whether it has to end before the others begin: an init container that is no sidecar."""
    initial = {text(each, "name"): each for each in entries(pod, "spec", "initContainers")}
    found = initial.get(name_of(container))
    return found is not None and text(found, "restartPolicy") != "Always" and name_of(container) != PROXY


def is_sidecar(pod: Object, container: Object) -> bool:
    """Istio's proxy, wherever it is, and any native sidecar: an init container that is always restarted."""
    initial = {text(each, "name"): each for each in entries(pod, "spec", "initContainers")}
    found = initial.get(name_of(container), {})
    return name_of(container) == PROXY or text(found, "restartPolicy") == "Always"


def is_taken_down(pod: Object) -> bool:
    """Whether its node ended it, or never took it: then how its containers ended tells nothing of them."""
    return text(pod, "status", "phase") == "Failed" and bool(text(pod, "status", "reason"))


def called(pod: Object, container: Object) -> str:
    """`container web`, `init container migrate`, `sidecar container proxy`."""
    kind = "init " if is_initial(pod, container) else "sidecar " if is_sidecar(pod, container) else ""
    return f"{kind}container {name_of(container)}"


def concerns(event: Object, container: Object) -> bool:
    """An event names its container by a field path: `spec.containers{web}`; one without a path concerns all."""
    path = text(event, "involvedObject", "fieldPath")
    return not path or path.endswith(f"{{{name_of(container)}}}")


def exit_told(end: Object) -> str:
    """`exit code 137: it was killed`."""
    code = number(end, "exitCode")
    meaning = _EXITS.get(code)
    return f"exit code {code}" + (f": {meaning}" if meaning else "")


def state_line(container: Object) -> str:
    """`container web: waiting: CrashLoopBackOff: back-off 10s …; before: Error, exit code 1; 3 restarts`"""
    parts = [_state(container, "state")]
    if last := _state(container, "lastState"):
        parts.append(f"before: {last}")
    if restarts := number(container, "restartCount"):
        parts.append(f"{restarts} {'restart' if restarts == 1 else 'restarts'}")
    return line(f"container {name_of(container)}: {'; '.join(filter(None, parts)) or 'no state yet'}")


def _state(container: Object, field: str) -> str:
    if reason := text(container, field, "waiting", "reason"):
        message = text(container, field, "waiting", "message")
        return f"waiting: {reason}" + (f": {message}" if message else "")
    if end := ended(container, field):
        message = text(end, "message")
        reason = text(end, "reason") or "ended"
        return f"{reason}, exit code {number(end, 'exitCode')}" + (f": {message}" if message else "")
    return "running" if mapping(container, field).get("running") is not None else ""
