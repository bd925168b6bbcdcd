"""Why is this service not ready? A pure function of its objects, its pods and their events, in a table by cause.

Codes are stable: scripts and the documentation name them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from meshctl.diagnosis.case import Case, Diagnosis, Object, gather
from meshctl.diagnosis.containers import configuration, crash, image
from meshctl.diagnosis.objects import claim, job, not_ready, pods_refused, progress, stalled, terminating
from meshctl.diagnosis.pods import probe, sandbox, sidecar, unschedulable, volume

__all__ = ["Diagnosis", "diagnose"]

# The nearest cause first: a pod that cannot be placed explains why nothing in it is ready.
_CAUSES: tuple[Callable[[Case], Iterator[Diagnosis]], ...] = (
    pods_refused,
    image,
    configuration,
    crash,
    job,
    unschedulable,
    volume,
    sandbox,
    sidecar,
    probe,
    progress,
    stalled,
    claim,
    terminating,
    not_ready,
)


def diagnose(
    objects: Iterable[Object], pods: Iterable[Object], events: Iterable[Object], *, since: float = 0
) -> Diagnosis | None:
    """The most telling cause, None when nothing is wrong: what is certain first, then in the order of the table.

    `objects` are the live objects of one service with the ReplicaSets of its Deployments, `pods` its pods, `events`
    the v1 Events of any of them. Events from before `since` (seconds since the epoch) explain but decide nothing.
    """
    case = gather(objects, pods, events, since=since)
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
