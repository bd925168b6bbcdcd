"""What the objects themselves, and their controllers, say."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.diagnosis.case import Case, Diagnosis, Object, line, moment, service_of, told
from meshctl.diagnosis.mesh import remark
from meshctl.diagnosis.statuses import ended, is_initial, is_sidecar, is_taken_down, name_of, state_line, statuses
from meshctl.identity import ObjectRef
from meshctl.readiness import State, readiness
from meshctl.readiness.verdict import condition, entries, mapping, number, text


def job(case: Case) -> Iterator[Diagnosis]:
    for obj, verdict in case.unready:
        if text(obj, "kind") == "Job" and verdict.state is State.FAILED:
            pod = _last_failed(case, obj)
            yield Diagnosis(
                "JobFailed",
                line(f"{ObjectRef.of(obj)}: {verdict.message}"),
                _pod_lines(pod) if pod else (),
                _job_advice(obj),
                certain=True,
                object=ObjectRef.of(pod or obj),
                container=_failed_container(pod) if pod else "",
            )


def _pod_lines(pod: Object) -> tuple[str, ...]:
    own = [readiness(pod).message] if is_taken_down(pod) else []
    return (*map(line, own), *(state_line(container) for container in statuses(pod)))


def _failed_container(pod: Object) -> str:
    """The first that failed, else the first: an init container that did its work, or a sidecar, tells nothing of it."""
    own = [each for each in statuses(pod) if not is_sidecar(pod, each) and not is_initial(pod, each)]
    failed = [each for each in statuses(pod) if number(ended(each, "state"), "exitCode") and not is_sidecar(pod, each)]
    return next((name_of(each) for each in (*failed, *own)), "")


def _job_advice(obj: Object) -> str:
    if text(condition(obj, "Failed"), "reason") == "DeadlineExceeded":
        return "raise activeDeadlineSeconds, or find out what takes so long: meshctl logs " + service_of(obj)
    return f"meshctl logs {service_of(obj)}"


def progress(case: Case) -> Iterator[Diagnosis]:
    for obj, verdict in case.unready:
        if verdict.code == "ProgressDeadlineExceeded":
            yield Diagnosis(
                "ProgressDeadline",
                line(f"{ObjectRef.of(obj)}: {verdict.message}"),
                tuple(state_line(container) for pod in case.pods for container in statuses(pod)),
                f"meshctl logs {service_of(obj)}",
                certain=not _is_of_an_older_spec(obj),
                object=ObjectRef.of(obj),
            )


def _is_of_an_older_spec(obj: Object) -> bool:
    """A Deployment that goes back to an earlier ReplicaSet keeps the condition of the rollout before, for a while."""
    said = moment(condition(obj, "Progressing"), "lastUpdateTime")
    fields = entries(obj, "metadata", "managedFields")
    written = max((moment(each, "time") for each in fields if not text(each, "subresource")), default=0.0)
    return 0 < said < written


def stalled(case: Case) -> Iterator[Diagnosis]:
    """What its controller has given up. Istio's analysis looks at services that may not be there yet: it only warns."""
    for obj, verdict in case.unready:
        ref = ObjectRef.of(obj)
        is_final = ref.kind != "Pod" or text(obj, "status", "phase") == "Failed"
        if verdict.state is State.FAILED and ref.kind not in ("Job", "Deployment") and is_final:
            yield Diagnosis(
                verdict.code,
                line(f"{ref}: {verdict.message}"),
                certain=not ref.group.endswith(".istio.io"),
                object=ref,
            )


def claim(case: Case) -> Iterator[Diagnosis]:
    for obj, verdict in case.unready:
        if text(obj, "kind") == "PersistentVolumeClaim":
            yield Diagnosis(
                "PVCPending",
                line(f"{ObjectRef.of(obj)}: {verdict.message}"),
                tuple(map(told, case.events(obj))),
                "its volume is gone: bring it back, or delete the claim"
                if text(obj, "status", "phase") == "Lost"
                else "is there a StorageClass for the claim? kubectl get storageclass",
                object=ObjectRef.of(obj),
            )


def terminating(case: Case) -> Iterator[Diagnosis]:
    for obj, verdict in case.unready:
        if verdict.state is State.TERMINATING:
            finalizers = ", ".join(map(str, mapping(obj, "metadata").get("finalizers") or ()))
            held = f"; finalizers hold it: {finalizers}" if finalizers else ""
            yield Diagnosis(
                "Terminating",
                line(f"{ObjectRef.of(obj)} is being deleted{held}"),
                suggestion="what set the finalizer has to remove it" if finalizers else "wait, or start again",
                object=ObjectRef.of(obj),
            )


def not_ready(case: Case) -> Iterator[Diagnosis]:
    """The last resort: what the object itself waits for, with its events, and what its pods are warned of."""
    for obj, verdict in case.unready:
        remarks = [each for pod in case.pods for each in remark(case, pod)]
        pods = tuple(state_line(container) for pod in case.pods for container in statuses(pod))
        warnings = [each for pod in case.pods for each in case.events(pod) if text(each, "type") == "Warning"]
        yield Diagnosis(
            "NotReady",
            line(f"{ObjectRef.of(obj)}: {verdict.message}"),
            (*remarks, *pods, *map(told, (*warnings, *case.events(obj)))),
            f"meshctl describe {service_of(obj)}",
            object=ObjectRef.of(obj),
        )


def _last_failed(case: Case, job_object: Object) -> Object | None:
    uid = text(job_object, "metadata", "uid")
    failed = [
        pod
        for pod in case.pods
        if any(owner.get("uid") == uid for owner in entries(pod, "metadata", "ownerReferences"))
        and text(pod, "status", "phase") == "Failed"
    ]
    return max(failed, key=lambda pod: text(pod, "metadata", "creationTimestamp"), default=None)
