"""Pods that no node takes, and the scheduler's reasons in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshctl.diagnosis.case import Case, Diagnosis, Object, line, told
from meshctl.diagnosis.missing import missing
from meshctl.identity import ObjectRef
from meshctl.readiness.verdict import condition, entries, text

_REASONS = re.compile(r"nodes? (?:is|are) available: (.*?)(?:\. (?:preemption|no new claims)|\.?$)", re.DOTALL)
_NEXT_REASON = re.compile(r",\s+(?=\d+ )")
_REASON = re.compile(r"(\d+) (?:node\(s\) )?(.*)", re.DOTALL)

# What a node's taint means to a person; any other is named.
_TAINTS = {
    "node.kubernetes.io/not-ready": "not ready",
    "node.kubernetes.io/unreachable": "unreachable",
    "node.kubernetes.io/unschedulable": "closed to new pods (cordoned)",
    "node.kubernetes.io/memory-pressure": "short of memory",
    "node.kubernetes.io/disk-pressure": "short of disk space",
    "node.kubernetes.io/pid-pressure": "short of process ids",
    "node.kubernetes.io/network-unavailable": "without network",
    "node-role.kubernetes.io/control-plane": "of the control plane",
    "node-role.kubernetes.io/master": "of the control plane",
}
_TAINT = re.compile(r"taints? \{([^:}]+):")

# The scheduler's words, ours, and what to do about it.
_WORDS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile("Insufficient (.+)"),
        "with too little {0} left",
        "lower resources.requests, or make room: stop what is not needed",
    ),
    (
        re.compile("Too many pods"),
        "that are full",
        "make room: stop what is not needed",
    ),
    (
        re.compile("didn't match (?:Pod's )?node (?:affinity/)?selector|didn't match Pod's node affinity"),
        "that do not match its nodeSelector or node affinity",
        "compare nodeSelector and affinity with the nodes: kubectl get nodes --show-labels",
    ),
    (
        re.compile("pod anti-affinity|anti-affinity rules"),
        "where its pod anti-affinity forbids it",
        "fewer replicas, or a preferred instead of a required anti-affinity",
    ),
    (
        re.compile("pod affinity"),
        "without the pods that its pod affinity wants near",
        "is what it wants to be near running?",
    ),
    (
        re.compile("topology spread"),
        "where its topology spread constraints forbid it",
        "set whenUnsatisfiable to ScheduleAnyway, or run fewer replicas",
    ),
    (
        re.compile("free ports"),
        "where its host port is taken",
        "do without hostPort, or stop what has the port",
    ),
    (
        re.compile("volume node affinity conflict"),
        "that cannot reach its volume",
        "its volume belongs to another node or zone: delete the claim, or make the pod run there",
    ),
    (re.compile("were unschedulable"), "that are closed to new pods (cordoned)", "kubectl uncordon NODE"),
)
_CLAIM_ADVICE = "is there a StorageClass for the claim? kubectl get storageclass"
_ADVICE = "compare nodeSelector, affinity and tolerations with the nodes: kubectl get nodes --show-labels"


def unschedulable(case: Case) -> Iterator[Diagnosis]:
    """A claim that is missing or not bound shows itself here first."""
    for pod in case.pods:
        scheduled = condition(pod, "PodScheduled")
        if scheduled.get("status") == "False":
            yield _diagnosis(case, pod, scheduled)


def _diagnosis(case: Case, pod: Object, scheduled: Object) -> Diagnosis:
    said = text(scheduled, "message") or text(scheduled, "reason")
    code, words, advice = _gated(pod) if text(scheduled, "reason") == "SchedulingGated" else plain(said)
    events = case.events(pod, "FailedScheduling")
    return Diagnosis(
        code,
        line(f"no node takes pod {text(pod, 'metadata', 'name')}: {words}"),
        tuple(map(told, events)) or (line(f"scheduler: {said}"),),
        advice,
        object=ObjectRef.of(pod),
    )


def plain(said: str) -> tuple[str, str, str]:
    """The code, the scheduler's reasons in plain words, and what to do about the first of them."""
    if lacks := missing(said):
        return "PVCPending", f"it needs {lacks}", f"add {lacks.kind} {lacks.name} to the templates"
    if "persistentvolumeclaim" in said.lower() or "persistent volumes to bind" in said:
        return "PVCPending", f"its volume claim is not bound: {said}", _CLAIM_ADVICE
    if "no nodes available" in said:
        return "Unschedulable", "there is no node at all", "kubectl get nodes"
    found = _REASONS.search(said)
    if not found:
        return "Unschedulable", said, _ADVICE
    told_reasons = [_reason(each) for each in _NEXT_REASON.split(found[1])]
    return "Unschedulable", ", ".join(words for words, _ in told_reasons), told_reasons[0][1]


def _reason(said: str) -> tuple[str, str]:
    """`2 nodes with too little cpu left`, and the advice."""
    counted = _REASON.match(said)
    if not counted:
        return said, _ADVICE
    nodes, rest = ("1 node" if counted[1] == "1" else f"{counted[1]} nodes"), counted[2].strip()
    if taint := _TAINT.search(rest):
        return f"{nodes} {_tainted(taint[1])}", "mend the node, or add a toleration: kubectl describe nodes"
    for pattern, words, advice in _WORDS:
        if match := pattern.search(rest):
            return f"{nodes} {_agreeing(words.format(*match.groups()), counted[1])}", advice
    return f"{nodes}: {rest}", _ADVICE


def _tainted(taint: str) -> str:
    return _TAINTS.get(taint) or f"with the taint {taint}, which it does not tolerate"


def _agreeing(words: str, number: str) -> str:
    """In the singular for one node."""
    if number != "1":
        return words
    return words.replace("that do not", "that does not").replace("that are", "that is")


def _gated(pod: Object) -> tuple[str, str, str]:
    gates = ", ".join(text(gate, "name") for gate in entries(pod, "spec", "schedulingGates")) or "scheduling gates"
    return "SchedulingGated", f"it is held back by {gates}", "whoever set the gates has to take them away"
