"""Why is this service not ready? A pure function of its objects, its pods and their events, in a table by cause.

Codes are stable: scripts and the documentation name them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from meshctl.diagnosis.case import Case, Diagnosis, Object, gather
from meshctl.diagnosis.containers import configuration, crash, start
from meshctl.diagnosis.images import image
from meshctl.diagnosis.mesh import has_sidecar, injection, lost_routes, missing_sidecars, names_subset
from meshctl.diagnosis.nodes import lost_node, taken_down
from meshctl.diagnosis.objects import claim, job, not_ready, progress, stalled, terminating
from meshctl.diagnosis.pods import gates, initial, probe, setup, sidecar
from meshctl.diagnosis.refusals import pods_refused
from meshctl.diagnosis.scheduling import unschedulable

__all__ = ["Diagnosis", "diagnose", "has_sidecar", "lost_routes", "missing_sidecars", "names_subset"]

# The nearest cause first: a pod that cannot be placed explains why nothing in it is ready.
_CAUSES: tuple[Callable[[Case], Iterator[Diagnosis]], ...] = (
    pods_refused,
    image,
    configuration,
    start,
    crash,
    job,
    unschedulable,
    lost_node,
    setup,
    initial,
    sidecar,
    injection,
    probe,
    gates,
    taken_down,
    progress,
    stalled,
    claim,
    terminating,
    not_ready,
)


def diagnose(
    objects: Iterable[Object],
    pods: Iterable[Object],
    events: Iterable[Object],
    *,
    since: float = 0,
    around: Iterable[Object] = (),
) -> Diagnosis | None:
    """The most telling cause, None when nothing is wrong: what is certain first, then in the order of the table.

    `objects` are the live objects of one service with the ReplicaSets of its Deployments, `pods` its pods, `events`
    the v1 Events of any of them. Events from before `since` (seconds since the epoch) explain but decide nothing.
    `around` has the Namespace, where it may be read, and a pod with a sidecar, where there is one.
    """
    case = gather(objects, pods, events, since=since, around=around)
    if not case.unready:
        return None
    found = [diagnosis for cause in _CAUSES for diagnosis in cause(case)]
    certain = next((diagnosis for diagnosis in found if diagnosis.certain), None)
    if certain and certain.code == "ProgressDeadline":
        return _with_cause(certain, found[0])
    return certain or next(iter(found), None)


def _with_cause(deadline: Diagnosis, cause: Diagnosis) -> Diagnosis:
    """That there was no progress is certain; what was in its way is more use to a person."""
    if cause is deadline:
        return deadline
    evidence = (cause.message, *cause.evidence)
    return replace(cause, code=deadline.code, message=deadline.message, evidence=evidence, certain=True)
