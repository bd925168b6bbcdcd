"""What keeps a pod as a whole from running, or from being ready while it runs."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.diagnosis.case import Case, Diagnosis, Object, line, service_of, told
from meshctl.diagnosis.containers import is_sidecar, running, state_line, statuses
from meshctl.identity import ObjectRef
from meshctl.readiness.verdict import condition, flag, text


def unschedulable(case: Case) -> Iterator[Diagnosis]:
    """A claim that is missing or not bound shows itself here first."""
    for pod in case.pods:
        scheduled = condition(pod, "PodScheduled")
        if scheduled.get("status") != "False":
            continue
        because = text(scheduled, "message") or text(scheduled, "reason")
        is_claim = "persistentvolumeclaim" in because.lower()
        yield Diagnosis(
            "PVCPending" if is_claim else "Unschedulable",
            line(f"no node takes pod {_name(pod)}: {because}"),
            tuple(map(told, case.events(pod, "FailedScheduling"))),
            _scheduling_advice(because, is_claim=is_claim),
            object=ObjectRef.of(pod),
        )


def volume(case: Case) -> Iterator[Diagnosis]:
    for pod in case.pods:
        events = case.events(pod, "FailedMount", "FailedAttachVolume", "FailedMapVolume")
        if events and not any(map(running, statuses(pod))):
            yield Diagnosis(
                "VolumeMount",
                line(f"a volume of pod {_name(pod)} cannot be mounted: {text(events[-1], 'message')}"),
                tuple(map(told, events)),
                f"add what is missing to the templates of {service_of(pod)}, or mend the volume",
                object=ObjectRef.of(pod),
            )


def sandbox(case: Case) -> Iterator[Diagnosis]:
    """The node could not even set up the pod's network."""
    for pod in case.pods:
        events = case.events(pod, "FailedCreatePodSandBox")
        if events and not any(map(running, statuses(pod))):
            yield Diagnosis(
                "PodSandbox",
                line(f"its node cannot set up pod {_name(pod)}: {text(events[-1], 'message')}"),
                tuple(map(told, events)),
                f"look at node {text(pod, 'spec', 'nodeName')} and its network plugin",
                object=ObjectRef.of(pod),
            )


def sidecar(case: Case) -> Iterator[Diagnosis]:
    """Without its proxy an application gets no traffic, and often cannot even start."""
    for pod in case.pods:
        for container in statuses(pod):
            if is_sidecar(container) and running(container) and not flag(container, "ready"):
                yield Diagnosis(
                    "SidecarNotReady",
                    f"the Istio sidecar of pod {_name(pod)} is running but not ready",
                    (state_line(container), *map(told, case.events(pod, "Unhealthy"))),
                    f"meshctl logs {service_of(pod)} -c istio-proxy; is istiod up, and does it reach this namespace?",
                    object=ObjectRef.of(pod),
                    container=text(container, "name"),
                )


def probe(case: Case) -> Iterator[Diagnosis]:
    for pod in case.pods:
        for container in statuses(pod):
            if running(container) and not flag(container, "ready") and not is_sidecar(container):
                yield _unready(case, pod, container)


def _unready(case: Case, pod: Object, container: Object) -> Diagnosis:
    name = text(container, "name")
    failures = [event for event in case.events(pod, "Unhealthy") if name in text(event, "involvedObject", "fieldPath")]
    because = f": {text(failures[-1], 'message')}" if failures else ""
    return Diagnosis(
        "ProbeFailed" if failures else "NotReady",
        line(f"container {name} of pod {_name(pod)} is running but not ready{because}"),
        (state_line(container), *map(told, failures)),
        f"meshctl logs {service_of(pod)} -c '^{name}$'",
        object=ObjectRef.of(pod),
        container=name,
    )


def _scheduling_advice(because: str, *, is_claim: bool) -> str:
    if is_claim:
        return "is there a StorageClass for the claim? kubectl get storageclass"
    if "Insufficient" in because:
        return "lower resources.requests, or make room: stop what is not needed"
    return "compare nodeSelector, affinity and tolerations with the nodes: kubectl get nodes --show-labels"


def _name(pod: Object) -> str:
    return text(pod, "metadata", "name")
