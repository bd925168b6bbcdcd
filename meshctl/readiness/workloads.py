"""Controllers of pods. The order of the checks is kstatus'; the words are ours."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.readiness.verdict import (
    Object,
    Readiness,
    condition,
    conditions,
    current,
    failed,
    flag,
    generation,
    holds,
    in_progress,
    number,
    reason_of,
    text,
)

_UNLIMITED = 2**31 - 1  # the Deployment controller reads this progressDeadlineSeconds as "none"


def deployment(obj: Object) -> Readiness:
    wanted = number(obj, "spec", "replicas", default=1)
    ready = number(obj, "status", "readyReplicas")
    updated = number(obj, "status", "updatedReplicas")
    available = number(obj, "status", "availableReplicas")
    if any(text(each, "reason") == "ProgressDeadlineExceeded" for each in _progressing(obj)):
        seconds = number(obj, "spec", "progressDeadlineSeconds", default=600)
        message = f"the rollout made no progress for {seconds} seconds: {_ready(min(ready, wanted), wanted)}"
        return failed("ProgressDeadlineExceeded", message + _refusal(obj))
    counts = _first(
        _too_few(obj, wanted),
        (updated < wanted, _rollout(updated, wanted) + _paused(obj) + _refusal(obj)),
        _too_many(obj, wanted),
        (available < updated, _unavailable(ready, available, updated)),
        (ready < wanted, _ready(ready, wanted)),
    )
    return counts or _deployment_conditions(obj) or current(_ready(ready, wanted))


def stateful_set(obj: Object) -> Readiness:
    """With OnDelete the rollout is the user's own; with a partition only the pods above it are updated."""
    if text(obj, "spec", "updateStrategy", "type") == "OnDelete":
        return current("its pods are replaced when they are deleted (OnDelete)")
    wanted = number(obj, "spec", "replicas", default=1)
    ready = number(obj, "status", "readyReplicas")
    counts = _first(_too_few(obj, wanted), (ready < wanted, _ready(ready, wanted)), _too_many(obj, wanted))
    return counts or _stateful_rollout(obj, wanted) or current(_ready(ready, wanted))


def daemon_set(obj: Object) -> Readiness:
    """Its controller always writes the generation that it saw, so a status without one is no status yet."""
    wanted = number(obj, "status", "desiredNumberScheduled", default=-1)
    seen = generation(obj, "metadata", "generation"), generation(obj, "status", "observedGeneration")
    if None in seen or wanted == -1:
        return in_progress("waiting for its controller to see it")
    scheduled = number(obj, "status", "currentNumberScheduled")
    updated = number(obj, "status", "updatedNumberScheduled")
    available = number(obj, "status", "numberAvailable")
    ready = number(obj, "status", "numberReady")
    counts = _first(
        (scheduled < wanted, f"{scheduled} of {wanted} nodes have its pod"),
        (updated < wanted, _rollout(updated, wanted)),
        (available < wanted, _unavailable(ready, available, wanted)),
        (ready < wanted, _ready(ready, wanted)),
    )
    return counts or current(_ready(ready, wanted) if wanted else "no node is meant to have its pod")


def replica_set(obj: Object) -> Readiness:
    wanted = number(obj, "spec", "replicas", default=1)
    labelled = number(obj, "status", "fullyLabeledReplicas")
    available = number(obj, "status", "availableReplicas")
    ready = number(obj, "status", "readyReplicas")
    counts = _first(
        (holds(obj, "ReplicaFailure"), "its pods cannot be made" + _refusal(obj)),
        (labelled < wanted, f"{labelled} of {wanted} pods exist"),
        (available < wanted, _unavailable(ready, available, wanted)),
        (ready < wanted, _ready(ready, wanted)),
        _too_many(obj, wanted),
    )
    return counts or current(_ready(ready, wanted))


def job(obj: Object) -> Readiness:
    """Not current before it is complete: what depends on a migration needs its end, not its start."""
    parallel = number(obj, "spec", "parallelism", default=1)
    wanted = number(obj, "spec", "completions", default=parallel)
    succeeded, lost = number(obj, "status", "succeeded"), number(obj, "status", "failed")
    for each in conditions(obj):
        match each.get("type"), each.get("status"):
            case "Complete", "True":
                return current(f"complete: {succeeded} of {wanted} pods succeeded")
            case "Failed", "True":
                return failed("JobFailed", f"the job failed: {reason_of(each) or f'{lost} pods failed'}")
            case "Suspended", "True":
                return current("suspended")
    if not text(obj, "status", "startTime"):
        return in_progress("waiting for the job to start")
    active = number(obj, "status", "active")
    return in_progress(f"{succeeded} of {wanted} pods succeeded, {active} running, {lost} failed")


Check = tuple[bool, str]


def _first(*checks: Check) -> Readiness | None:
    """What it waits for: the first check that holds."""
    return next((in_progress(message) for holds, message in checks if holds), None)


def _too_few(obj: Object, wanted: int) -> Check:
    existing = number(obj, "status", "replicas")
    return existing < wanted, f"{existing} of {wanted} pods exist" + _paused(obj) + _refusal(obj)


def _too_many(obj: Object, wanted: int) -> Check:
    extra = number(obj, "status", "replicas") - wanted
    return extra > 0, f"waiting for {extra} old {'pod' if extra == 1 else 'pods'} to end" + _paused(obj)


def _stateful_rollout(obj: Object, wanted: int) -> Readiness | None:
    updated = number(obj, "status", "updatedReplicas")
    partition = number(obj, "spec", "updateStrategy", "rollingUpdate", "partition", default=-1)
    if partition != -1:
        above = max(wanted - partition, 0)
        if updated < above:
            return in_progress(_rollout(updated, above) + (f", from pod {partition} upwards" if partition else ""))
        return current(_ready(wanted, wanted) + (f", {updated} updated (partition {partition})" if partition else ""))
    is_mixed = text(obj, "status", "currentRevision") != text(obj, "status", "updateRevision")
    lacks_current = number(obj, "status", "currentReplicas") < wanted
    return _first(
        (lacks_current and updated < wanted, _rollout(updated, wanted)),
        (lacks_current or is_mixed, "waiting for the rollout: the new revision is not yet the current one"),
    )


def _deployment_conditions(obj: Object) -> Readiness | None:
    """Without a progress deadline the controller writes no condition Progressing."""
    available = reason_of(condition(obj, "Available")) or "waiting for it to be available"
    deadline = number(obj, "spec", "progressDeadlineSeconds", default=_UNLIMITED)
    said = [(each.get("status"), each.get("reason")) for each in _progressing(obj)]
    finished = ("True", "NewReplicaSetAvailable") in said
    return _first(
        (deadline != _UNLIMITED and not finished, "waiting for the rollout to finish" + _paused(obj)),
        (not holds(obj, "Available"), available),
    )


def _progressing(obj: Object) -> Iterator[Object]:
    return (each for each in conditions(obj) if each.get("type") == "Progressing")


def _rollout(updated: int, wanted: int) -> str:
    return f"waiting for the rollout: {updated} of {wanted} updated"


def _ready(ready: int, wanted: int) -> str:
    return f"{ready} of {wanted} pods are ready"


def _unavailable(ready: int, available: int, wanted: int) -> str:
    """Ready but not available means that minReadySeconds has not passed."""
    if ready < wanted:
        return _ready(ready, wanted)
    return f"{available} of {wanted} pods have been ready for long enough"


def _paused(obj: Object) -> str:
    return ", and the rollout is paused" if flag(obj, "spec", "paused") else ""


def _refusal(obj: Object) -> str:
    """Why pods could not be made at all: a quota, a webhook, a missing ServiceAccount."""
    failure = condition(obj, "ReplicaFailure")
    return f": {reason_of(failure)}" if failure.get("status") == "True" and reason_of(failure) else ""
