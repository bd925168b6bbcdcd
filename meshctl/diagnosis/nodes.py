"""Pods that their node ended, did not take, or is silent about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from meshctl.diagnosis.case import Case, Diagnosis, Object, line, service_of, told
from meshctl.diagnosis.statuses import is_taken_down, state_line, statuses
from meshctl.identity import ObjectRef
from meshctl.readiness.verdict import condition, entries, text


class _End(NamedTuple):
    """`said` and `advice` are for `format`."""

    code: str
    said: str
    advice: str


# By the reason that the kubelet writes into the pod's status; every other one is that of a pod that it did not take.
_MAKE_ROOM = "make room on the node, or raise resources.requests to what the pod takes: kubectl describe node {node}"
_ENDS = {
    "Evicted": _End("Evicted", "pod {pod} was evicted", _MAKE_ROOM),
    "Preempting": _End("Evicted", "pod {pod} had to make room for another", _MAKE_ROOM),
    "Terminated": _End("Evicted", "pod {pod} ended with its node", "kubectl describe node {node}"),
    "DeadlineExceeded": _End(
        "PodDeadline",
        "pod {pod} ran for longer than its activeDeadlineSeconds",
        "raise activeDeadlineSeconds, or find out what takes so long: meshctl logs {service}",
    ),
}
_REFUSED = _End(
    "PodRejected",
    "its node did not take pod {pod}",
    "compare what the pod asks for with the node: kubectl describe node {node}",
)


def taken_down(case: Case) -> Iterator[Diagnosis]:
    """Its controller makes another pod, of which something else may be told; nobody does so for a bare one."""
    for pod in case.pods:
        if is_taken_down(pod):
            yield _taken_down(case, pod)


def _taken_down(case: Case, pod: Object) -> Diagnosis:
    reason = text(pod, "status", "reason")
    because = text(pod, "status", "message").removeprefix("Pod was rejected: ")
    name = text(pod, "metadata", "name")
    words = {"pod": name, "service": service_of(pod), "node": text(pod, "spec", "nodeName")}
    code, said, advice = _ENDS.get(reason, _REFUSED)
    return Diagnosis(
        code,
        line(said.format(**words) + (f": {because}" if because else "")),
        (f"pod {name}: {reason}", *map(state_line, statuses(pod)), *_warnings(case, pod)),
        advice.format(**words),
        certain=not any(entries(pod, "metadata", "ownerReferences")),
        object=ObjectRef.of(pod),
    )


def lost_node(case: Case) -> Iterator[Diagnosis]:
    """The control plane has not heard of the node for a while, and so says that its pods are not ready."""
    for pod in case.pods:
        if _is_lost(pod):
            node = text(pod, "spec", "nodeName")
            yield Diagnosis(
                "NodeLost",
                f"node {node} of pod {text(pod, 'metadata', 'name')} does not answer",
                (*map(state_line, statuses(pod)), *_warnings(case, pod)),
                f"is the node up? kubectl describe node {node}",
                object=ObjectRef.of(pod),
            )


def _is_lost(pod: Object) -> bool:
    """A pod without readiness gates is ready when its containers are, unless somebody else than the kubelet says no."""
    if text(pod, "status", "phase") == "Unknown" or text(pod, "status", "reason") == "NodeLost":
        return True
    told_by_kubelet, told_by_all = condition(pod, "ContainersReady"), condition(pod, "Ready")
    has_gates = any(entries(pod, "spec", "readinessGates"))
    return told_by_kubelet.get("status") == "True" and told_by_all.get("status") == "False" and not has_gates


def _warnings(case: Case, pod: Object) -> Iterator[str]:
    return (told(event) for event in case.events(pod) if text(event, "type") == "Warning")
