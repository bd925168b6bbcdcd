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
_TAINT_ADVICE = "mend the node, or add a toleration: kubectl describe nodes"
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
        re.compile("untolerated taint|had taints"),
        "with a taint that it does not tolerate",
        _TAINT_ADVICE,
    ),
    (
        re.compile("existing pods anti-affinity"),
        "where another pod's anti-affinity keeps it away",
        "let the two pods run on different nodes, or give the other a preferred anti-affinity",
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
        re.compile("requested node name"),
        "that are not the one that it names",
        "do without nodeName",
    ),
    (
        re.compile("max volume count"),
        "that have as many volumes as they can",
        "stop what is not needed, or use fewer volumes",
    ),
    (
        re.compile("enough free storage"),
        "with too little storage left for its claim",
        "ask for less storage, or make room: kubectl get csistoragecapacities -A",
    ),
    (
        re.compile("ReadWriteOncePod"),
        "where another pod has its claim, which is for one pod alone",
        "end the other pod, or ask for ReadWriteOnce instead of ReadWriteOncePod",
    ),
    (
        re.compile("volume node affinity conflict|PersistentVolume's node affinity|available volume zone"),
        "that cannot reach its volume",
        "its volume belongs to another node or zone: delete the claim, or make the pod run there",
    ),
    (re.compile("were unschedulable"), "that are closed to new pods (cordoned)", "kubectl uncordon NODE"),
)

# What the scheduler says of a claim that is not simply unbound.
_CLAIM_WORDS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile('persistentvolumeclaim "([^"]+)" is being deleted'),
        "its claim {0} is being deleted",
        "wait until it is gone, or see what holds it: kubectl describe pvc {0}",
    ),
    (
        re.compile('persistentvolumeclaim "([^"]+)" bound to non-existent'),
        "its claim {0} is bound to a volume that is gone",
        "bring the volume back, or delete the claim",
    ),
    (
        re.compile("bound to non-existent"),
        "a claim of it is bound to a volume that is gone",
        "bring the volume back, or delete the claim",
    ),
)
_CLAIM = re.compile("persistentvolumeclaims?(?! with)|persistent volumes to bind|for PVC|storage ?class", re.IGNORECASE)
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
    for pattern, words, advice in _CLAIM_WORDS:
        if found := pattern.search(said):
            return "PVCPending", words.format(*found.groups()), advice.format(*found.groups())
    if _CLAIM.search(said):
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
        return f"{nodes} {_tainted(taint[1])}", _TAINT_ADVICE
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
    singular = words.replace("that do not", "that does not").replace("that are", "that is")
    return singular.replace("that have as many volumes as they can", "that has as many volumes as it can")


def _gated(pod: Object) -> tuple[str, str, str]:
    gates = ", ".join(text(gate, "name") for gate in entries(pod, "spec", "schedulingGates")) or "scheduling gates"
    return "SchedulingGated", f"it is held back by {gates}", "whoever set the gates has to take them away"
