"""Containers that cannot be made or started, or that end when they should not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshctl.diagnosis.case import Case, Diagnosis, Object, line, service_of, told
from meshctl.diagnosis.missing import Missing, missing
from meshctl.diagnosis.statuses import (
    called,
    concerns,
    ended,
    exit_told,
    is_taken_down,
    name_of,
    running,
    specification,
    state_line,
    statuses,
    waiting,
)
from meshctl.identity import ObjectRef
from meshctl.readiness.verdict import entries, flag, number, text

CRASHES = 3  # so many ends of one container are no accident

_NODES_OWN = ("PreCreateHookError", "PreStartHookError")  # what the kubelet itself has to do before a start
_NOT_CREATED = ("CreateContainerError", *_NODES_OWN)
_NOT_STARTED = ("StartError", "ContainerCannotRun")  # how an end is called that came before a beginning
_KILLED = (137, 143)  # exit codes of SIGKILL and SIGTERM
_AFTER_START = "PostStartHookError"

# What a runtime says of a command that it will never start; it also says that it was too slow, or short of memory.
_NEVER_STARTS = re.compile(
    "no such file|not found in|permission denied|exec format error|(?:is|not) a directory|find user", re.IGNORECASE
)
_AS_ROOT = re.compile("runAsNonRoot|non-root")


def configuration(case: Case) -> Iterator[Diagnosis]:
    for pod in case.pods:
        for container in statuses(pod):
            if waiting(container) == "CreateContainerConfigError":
                yield _unconfigured(case, pod, container)


def start(case: Case) -> Iterator[Diagnosis]:
    """What its image and its command do not allow, or what its node could not do."""
    for pod in case.pods:
        for container in statuses(pod):
            if waiting(container) in _NOT_CREATED:
                yield _unstarted(
                    case, pod, container, "CreateContainer", text(container, "state", "waiting", "message")
                )
            elif said := _start_error(container):
                yield _unstarted(case, pod, container, "RunContainer", said)


def crash(case: Case) -> Iterator[Diagnosis]:
    """A container that ended and should not have; a Job's pod may end, its Job says when it gives up."""
    for pod in case.pods:
        for container in statuses(pod):
            if _is_down(container) and not _start_error(container) and not is_taken_down(pod):
                yield _crash(case, pod, container)


def _unconfigured(case: Case, pod: Object, container: Object) -> Diagnosis:
    """Certain where the reason is one that does not pass: a kubelet also says so while its caches are not filled."""
    said = text(container, "state", "waiting", "message")
    lacks = missing(said)
    because = f"needs {lacks}" if lacks else f"cannot be configured: {said or 'no reason is given'}"
    return Diagnosis(
        "CreateContainerConfig",
        line(f"{called(pod, container)} {because}"),
        (state_line(container), *(told(each) for each in case.events(pod, "Failed") if concerns(each, container))),
        _configuration_advice(pod, lacks, said),
        certain=lacks is not None or bool(_AS_ROOT.search(said)),
        object=ObjectRef.of(pod),
        container=name_of(container),
    )


def _configuration_advice(pod: Object, lacks: Missing | None, said: str) -> str:
    templates = f"the templates of {service_of(pod)}"
    if lacks:
        key = f"key {lacks.key} of " if lacks.key else ""
        return f"add {key}{lacks.kind} {lacks.name} to {templates}, or mend the reference to it"
    if _AS_ROOT.search(said):
        return f"set runAsUser in {templates} to a number other than 0, or give the image such a USER"
    return f"mend it in {templates} if it does not pass"


def _unstarted(case: Case, pod: Object, container: Object, code: str, said: str) -> Diagnosis:
    """Certain when the command itself is at fault, or at the third time."""
    lasting = bool(_NEVER_STARTS.search(said)) or _ends(container) >= CRASHES
    return Diagnosis(
        code,
        line(f"{called(pod, container)} cannot be started: {said or 'no reason is given'}"),
        (state_line(container), *(told(each) for each in case.events(pod, "Failed") if concerns(each, container))),
        _start_advice(pod, container),
        certain=code == "RunContainer" and lasting and not _owned_by(pod, "Job"),
        object=ObjectRef.of(pod),
        container=name_of(container),
    )


def _start_advice(pod: Object, container: Object) -> str:
    if waiting(container) in _NODES_OWN:
        return f"kubectl describe node {text(pod, 'spec', 'nodeName')}"
    return f"compare `command`, `args` and volumeMounts in the templates of {service_of(pod)} with the image"


def _start_error(container: Object) -> str:
    """Why a container could not even begin, empty for one that did."""
    if waiting(container) == "RunContainerError":
        last = ended(container, "lastState")
        return text(container, "state", "waiting", "message") or text(last, "message") or "RunContainerError"
    if running(container):
        return ""
    end = ended(container, "state") or ended(container, "lastState")
    return text(end, "message") or text(end, "reason") if text(end, "reason") in _NOT_STARTED else ""


def _crash(case: Case, pod: Object, container: Object) -> Diagnosis:
    crashes = _ends(container)
    events = [event for event in case.events(pod, "Unhealthy", "Killing", "Failed") if concerns(event, container)]
    code, message, advice = _cause(pod, container, crashes, events)
    return Diagnosis(
        code,
        line(message),
        (state_line(container), *map(told, events)),
        advice,
        certain=_is_final(pod) or (not running(container) and crashes >= CRASHES and not _owned_by(pod, "Job")),
        object=ObjectRef.of(pod),
        container=name_of(container),
    )


def _cause(pod: Object, container: Object, crashes: int, events: list[Object]) -> tuple[str, str, str]:
    """The code, the sentence and the advice; of earlier ends than the last nobody knows the cause."""
    often = f"{crashes} times" if crashes > 1 else "once"
    who = called(pod, container)
    end = ended(container, "state") or ended(container, "lastState")
    if text(end, "reason") == "OOMKilled":
        limit = text(specification(pod, container), "resources", "limits", "memory") or "its node has"
        again = f", and ended {often} in all" if crashes > 1 else ""
        message = f"{who} was killed for taking more memory than {limit}{again}"
        return "OOMKilled", message, f"raise resources.limits.memory of {who}, or let it use less"
    logs = f"meshctl logs {service_of(pod)} -c '^{name_of(container)}$' --previous"
    if waiting(container) == _AFTER_START:
        said = text(container, "state", "waiting", "message")
        return "CrashLoop", f"{who} ended {often}; its postStart hook failed" + (f": {said}" if said else ""), logs
    if probe := _failed_probe(end, events):
        return "ProbeKilled", f"{who} was killed {often}, as its {probe}", logs
    last = f", last with {exit_told(end)}" if end else ""
    said = text(end, "message")
    return "CrashLoop", f"{who} crashed {often}{last}" + (f": {said}" if said else ""), logs


def _ends(container: Object) -> int:
    """How often it has ended: each restart had an end before it."""
    return number(container, "restartCount") + (not running(container))


def _failed_probe(end: Object, events: list[Object]) -> str:
    """`liveness probe failed: …` in the kubelet's words, when that is what the container was killed for.

    The Event that says so outright is a normal one, which not every caller reads; a probe's failures are warnings.
    """
    said = [text(event, "message") for event in events]
    for kind in ("liveness", "startup"):
        failures = [each for each in said if each.lower().startswith(f"{kind} probe failed")]
        if any(f"failed {kind} probe" in each for each in said) or (failures and number(end, "exitCode") in _KILLED):
            told_last = failures[-1] if failures else f"{kind} probe failed"
            return told_last[:1].lower() + told_last[1:]
    return ""


def _is_down(container: Object) -> bool:
    """Down, or up again but not ready after a crash. An init container that ended well has done its work."""
    if waiting(container) in (_AFTER_START, "CrashLoopBackOff"):
        return True
    if end := ended(container, "state"):
        return number(end, "exitCode") != 0
    return not flag(container, "ready") and bool(ended(container, "lastState"))


def _is_final(pod: Object) -> bool:
    """A bare pod that has failed is never made again."""
    return text(pod, "status", "phase") == "Failed" and not any(entries(pod, "metadata", "ownerReferences"))


def _owned_by(pod: Object, kind: str) -> bool:
    return any(text(owner, "kind") == kind for owner in entries(pod, "metadata", "ownerReferences"))
