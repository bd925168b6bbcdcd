"""What keeps a pod as a whole from running, or from being ready while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from meshctl.diagnosis.case import Case, Diagnosis, Object, line, service_of, told
from meshctl.diagnosis.mesh import remark
from meshctl.diagnosis.missing import missing, volume
from meshctl.diagnosis.statuses import (
    PROXY,
    concerns,
    is_initial,
    is_sidecar,
    name_of,
    running,
    specification,
    state_line,
    statuses,
)
from meshctl.identity import ObjectRef
from meshctl.readiness.verdict import condition, entries, flag, mapping, text


class _Setup(NamedTuple):
    """A step before any container, which fails by events alone; `said` and `advice` are for `format`."""

    code: str
    reasons: tuple[str, ...]
    said: str
    advice: str


_SETUPS = (
    _Setup(
        "VolumeMount",
        ("FailedMount", "FailedAttachVolume", "FailedMapVolume"),
        "{volume} of pod {pod} cannot be mounted: {because}",
        "add what is missing to the templates of {service}, or mend the volume",
    ),
    _Setup(
        "PodSandbox",
        ("FailedCreatePodSandBox", "NetworkNotReady"),
        "its node cannot set up pod {pod}: {because}",
        "look at node {node} and its network plugin",
    ),
    _Setup(
        "PodSandbox",
        ("FailedPrepareDynamicResources", "FailedCreatePodContainer", "FailedSync"),
        "its node cannot set up pod {pod}: {because}",
        "kubectl describe node {node}",
    ),
)


def setup(case: Case) -> Iterator[Diagnosis]:
    """Its node could not mount the pod's volumes, or set up its network."""
    for pod in case.pods:
        if any(map(running, statuses(pod))):
            continue
        for step in _SETUPS:
            if events := case.events(pod, *step.reasons):
                yield _failed_setup(step, pod, events)


def _failed_setup(step: _Setup, pod: Object, events: list[Object]) -> Diagnosis:
    said = text(events[-1], "message")
    lacks = missing(said)
    words = {
        "pod": _name(pod),
        "service": service_of(pod),
        "node": text(pod, "spec", "nodeName"),
        "volume": f"volume {volume(said)}" if volume(said) else "a volume",
        "because": f"it needs {lacks}" if lacks else said,
    }
    return Diagnosis(
        step.code,
        line(step.said.format(**words)),
        tuple(map(told, events)),
        step.advice.format(**words),
        object=ObjectRef.of(pod),
    )


def initial(case: Case) -> Iterator[Diagnosis]:
    """An init container that does not end holds up all that comes after it."""
    for pod in case.pods:
        for container in statuses(pod):
            if is_initial(pod, container) and running(container):
                name = name_of(container)
                yield Diagnosis(
                    "InitContainerStuck",
                    f"init container {name} of pod {_name(pod)} has not ended, and the others wait for it",
                    (state_line(container),),
                    f"meshctl logs {service_of(pod)} -c '^{name}$'",
                    object=ObjectRef.of(pod),
                    container=name,
                )


def sidecar(case: Case) -> Iterator[Diagnosis]:
    """Without its proxy an application gets no traffic, and often cannot even start."""
    for pod in case.pods:
        for container in statuses(pod):
            if is_sidecar(pod, container) and _is_unready(pod, container):
                yield _sidecar(case, pod, container)


def _sidecar(case: Case, pod: Object, container: Object) -> Diagnosis:
    name = name_of(container)
    is_proxy = name == PROXY
    events = [event for event in case.events(pod, "Unhealthy") if concerns(event, container)]
    because = f": {text(events[-1], 'message')}" if events else ""
    what = "the Istio sidecar" if is_proxy else f"sidecar container {name}"
    logs = f"meshctl logs {service_of(pod)} -c '^{name}$'"
    return Diagnosis(
        "SidecarNotReady",
        line(f"{what} of pod {_name(pod)} is running but not ready{because}"),
        (state_line(container), *map(told, events)),
        f"{logs}; is istiod up, and does it reach this namespace?" if is_proxy else logs,
        object=ObjectRef.of(pod),
        container=name,
    )


def _is_unready(pod: Object, container: Object) -> bool:
    """Running, and its probes say no; a native sidecar without a readiness probe has only to have started."""
    if not running(container) or flag(container, "ready"):
        return False
    spec = specification(pod, container)
    return not (flag(container, "started") and "restartPolicy" in spec and "readinessProbe" not in spec)


def probe(case: Case) -> Iterator[Diagnosis]:
    for pod in case.pods:
        for container in statuses(pod):
            special = is_sidecar(pod, container) or is_initial(pod, container)
            if running(container) and not flag(container, "ready") and not special:
                yield _unready(case, pod, container)


def _unready(case: Case, pod: Object, container: Object) -> Diagnosis:
    name = name_of(container)
    failures = [event for event in case.events(pod, "Unhealthy") if concerns(event, container)]
    because = f": {text(failures[-1], 'message')}" if failures else _unfinished(pod, container)
    return Diagnosis(
        "ProbeFailed" if failures else "NotReady",
        line(f"container {name} of pod {_name(pod)} is running but not ready{because}"),
        (*remark(case, pod), state_line(container), *map(told, failures)),
        f"meshctl logs {service_of(pod)} -c '^{name}$'",
        object=ObjectRef.of(pod),
        container=name,
    )


def _unfinished(pod: Object, container: Object) -> str:
    """Which probe has not said yes yet, when no event says more."""
    spec = specification(pod, container)
    if mapping(spec, "startupProbe") and not flag(container, "started"):
        return ": its startup probe has not succeeded yet"
    return ": its readiness probe has not succeeded yet" if mapping(spec, "readinessProbe") else ""


def gates(case: Case) -> Iterator[Diagnosis]:
    """All containers are ready, and somebody else has yet to say that the pod is."""
    for pod in case.pods:
        if condition(pod, "ContainersReady").get("status") != "True":
            continue
        wanted = [text(gate, "conditionType") for gate in entries(pod, "spec", "readinessGates")]
        missing_gates = [gate for gate in wanted if condition(pod, gate).get("status") != "True"]
        if missing_gates:
            yield Diagnosis(
                "ReadinessGate",
                f"the containers of pod {_name(pod)} are ready, but not its readiness gate {', '.join(missing_gates)}",
                suggestion="look at the controller that sets that condition",
                object=ObjectRef.of(pod),
            )


def _name(pod: Object) -> str:
    return text(pod, "metadata", "name")
