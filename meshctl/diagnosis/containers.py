"""What the containers of a pod say of themselves."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.diagnosis.case import Case, Diagnosis, Object, line, service_of, times, told
from meshctl.identity import ObjectRef
from meshctl.readiness.verdict import entries, flag, number, text

CRASHES = 3  # so many ends of one container are no accident
BACK_OFFS = 2

_PULL = {
    "ErrImageNeverPull", "ErrImagePull", "ImageInspectError", "ImagePullBackOff", "RegistryUnavailable",
    "SignatureValidationFailed",
}  # fmt: skip
_START = {"CreateContainerError", "RunContainerError", "PreStartHookError", "PostStartHookError"}
_SIDECAR = "istio-proxy"


def statuses(pod: Object) -> Iterator[Object]:
    """Of all containers; native sidecars are among the init containers."""
    yield from entries(pod, "status", "initContainerStatuses")
    yield from entries(pod, "status", "containerStatuses")


def waiting(container: Object) -> str:
    return text(container, "state", "waiting", "reason")


def is_sidecar(container: Object) -> bool:
    return text(container, "name") == _SIDECAR


def image(case: Case) -> Iterator[Diagnosis]:
    """Back-offs are counted by their events: the status goes back and forth between two words."""
    for pod in case.pods:
        for container in statuses(pod):
            reason = waiting(container)
            if reason == "InvalidImageName":
                yield _invalid_image(pod, container)
            elif reason in _PULL:
                yield _pull(case, pod, container)


def configuration(case: Case) -> Iterator[Diagnosis]:
    for pod in case.pods:
        for container in statuses(pod):
            if waiting(container) == "CreateContainerConfigError":
                because = text(container, "state", "waiting", "message")
                yield Diagnosis(
                    "CreateContainerConfig",
                    line(f"container {_name(container)} cannot be configured: {because or 'no reason is given'}"),
                    (state_line(container),),
                    f"add what is missing to the templates of {service_of(pod)}, or mend the reference to it",
                    certain=True,
                    object=ObjectRef.of(pod),
                    container=_name(container),
                )


def crash(case: Case) -> Iterator[Diagnosis]:
    """A container that ended and should not have; a Job's pod may end, its Job says when it gives up."""
    for pod in case.pods:
        for container in statuses(pod):
            if _is_down(container):
                yield _crash(case, pod, container)


def state_line(container: Object) -> str:
    """`container web: waiting: CrashLoopBackOff: back-off 10s …; ended before: Error, exit code 1; 3 restarts`"""
    parts = [_state(container, "state")]
    if last := _state(container, "lastState"):
        parts.append(f"before: {last}")
    if restarts := number(container, "restartCount"):
        parts.append(f"{restarts} {'restart' if restarts == 1 else 'restarts'}")
    return line(f"container {_name(container)}: {'; '.join(filter(None, parts)) or 'no state yet'}")


def _state(container: Object, field: str) -> str:
    if reason := text(container, field, "waiting", "reason"):
        message = text(container, field, "waiting", "message")
        return f"waiting: {reason}" + (f": {message}" if message else "")
    if container.get(field, {}).get("terminated"):
        reason = text(container, field, "terminated", "reason") or "ended"
        message = text(container, field, "terminated", "message")
        code = number(container, field, "terminated", "exitCode")
        return f"{reason}, exit code {code}" + (f": {message}" if message else "")
    return "running" if container.get(field, {}).get("running") is not None else ""


def _invalid_image(pod: Object, container: Object) -> Diagnosis:
    return Diagnosis(
        "InvalidImage",
        f"{text(container, 'image')!r} of container {_name(container)} is no valid image name",
        (state_line(container),),
        f"mend `image` in the templates of {service_of(pod)}",
        certain=True,
        object=ObjectRef.of(pod),
        container=_name(container),
    )


def _pull(case: Case, pod: Object, container: Object) -> Diagnosis:
    """The second failure of the same kind is no passing trouble of the registry."""
    events = [event for event in case.events(pod, "Failed", "BackOff") if _concerns(event, container)]
    return Diagnosis(
        "ImagePull",
        f"the image {text(container, 'image')} of container {_name(container)} cannot be pulled",
        (state_line(container), *map(told, events)),
        "check the image's name and tag, that the registry has it, and the pod's imagePullSecrets",
        certain=waiting(container) == "ErrImageNeverPull" or any(times(event) >= BACK_OFFS for event in events),
        object=ObjectRef.of(pod),
        container=_name(container),
    )


def _crash(case: Case, pod: Object, container: Object) -> Diagnosis:
    down = not running(container)
    crashes = number(container, "restartCount") + down
    out_of_memory = "OOMKilled" in (_ended(container, "state"), _ended(container, "lastState"))
    events = [event for event in case.events(pod, "Unhealthy", "Killing", "Failed") if _concerns(event, container)]
    return Diagnosis(
        "OOMKilled" if out_of_memory else "CrashLoop",
        _crash_message(pod, container, crashes, out_of_memory=out_of_memory),
        (state_line(container), *map(told, events)),
        _crash_advice(pod, container, out_of_memory=out_of_memory),
        certain=_is_final(pod) or (down and crashes >= CRASHES and not _owned_by(pod, "Job")),
        object=ObjectRef.of(pod),
        container=_name(container),
    )


def _crash_message(pod: Object, container: Object, crashes: int, *, out_of_memory: bool) -> str:
    often = f"{crashes} times" if crashes > 1 else "once"
    who = f"{_kind(pod, container)} {_name(container)}"
    if out_of_memory:
        limit = _memory_limit(pod, container)
        return f"{who} was killed {often} for taking more memory than {limit or 'its node has'}"
    field = "state" if container.get("state", {}).get("terminated") else "lastState"
    code = number(container, field, "terminated", "exitCode")
    cause = waiting(container) if waiting(container) in _START else text(container, field, "terminated", "message")
    return line(f"{who} crashed {often}, last with exit code {code}" + (f": {cause}" if cause else ""))


def _crash_advice(pod: Object, container: Object, *, out_of_memory: bool) -> str:
    if out_of_memory:
        return f"raise resources.limits.memory of container {_name(container)}, or let it use less"
    return f"meshctl logs {service_of(pod)} -c '^{_name(container)}$' --previous"


def _is_down(container: Object) -> bool:
    """Down, or up again but not ready after a crash. An init container that ended well has done its work."""
    if waiting(container) in _START | {"CrashLoopBackOff"}:
        return True
    if container.get("state", {}).get("terminated"):
        return number(container, "state", "terminated", "exitCode") != 0
    return not flag(container, "ready") and bool(container.get("lastState", {}).get("terminated"))


def running(container: Object) -> bool:
    return container.get("state", {}).get("running") is not None


def _ended(container: Object, field: str) -> str:
    return text(container, field, "terminated", "reason")


def _is_final(pod: Object) -> bool:
    """A bare pod that has failed is never made again."""
    return text(pod, "status", "phase") == "Failed" and not any(entries(pod, "metadata", "ownerReferences"))


def _owned_by(pod: Object, kind: str) -> bool:
    return any(text(owner, "kind") == kind for owner in entries(pod, "metadata", "ownerReferences"))


def _memory_limit(pod: Object, container: Object) -> str:
    return text(specification(pod, container), "resources", "limits", "memory")


def specification(pod: Object, container: Object) -> Object:
    """The container's part of the pod's spec."""
    both = (*entries(pod, "spec", "initContainers"), *entries(pod, "spec", "containers"))
    return next((each for each in both if text(each, "name") == _name(container)), {})


def _kind(pod: Object, container: Object) -> str:
    names = {text(each, "name") for each in entries(pod, "spec", "initContainers")}
    return "init container" if _name(container) in names else "container"


def _concerns(event: Object, container: Object) -> bool:
    """An event names its container by a field path: `spec.containers{web}`; one without a path concerns all."""
    path = text(event, "involvedObject", "fieldPath")
    return not path or path.endswith(f"{{{_name(container)}}}")


def _name(container: Object) -> str:
    return text(container, "name")
