"""What the objects themselves, and their controllers, say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshctl.diagnosis.case import Case, Diagnosis, Object, line, service_of, told
from meshctl.diagnosis.containers import state_line, statuses
from meshctl.identity import ObjectRef
from meshctl.readiness import State
from meshctl.readiness.verdict import condition, number, text

# Why the API server refuses the pods of a controller: words of its answer, our code, whether trying again can help.
_REFUSALS: tuple[tuple[re.Pattern[str], str, bool, str], ...] = (
    (
        re.compile("exceeded quota|failed quota"),
        "QuotaExceeded",
        False,
        "kubectl describe resourcequota -n {namespace}",
    ),
    (re.compile("violates PodSecurity"), "AdmissionDenied", False, "meet the namespace's pod security standard"),
    (re.compile("denied the request|denied request"), "AdmissionDenied", False, "do as the admission webhook says"),
    (re.compile("failed calling webhook"), "WebhookUnavailable", True, "is the webhook's own service running?"),
    (
        re.compile("service ?account .*not found"),
        "ServiceAccountMissing",
        True,
        "add the ServiceAccount to the templates",
    ),
    (re.compile("forbidden:"), "AdmissionDenied", False, "change the pod template to what is allowed"),
)


def pods_refused(case: Case) -> Iterator[Diagnosis]:
    """A quota, a webhook or a policy refuses pods, not the workload that asks for them."""
    for obj, _ in case.unready:
        for each in case.family(obj):
            failure = condition(each, "ReplicaFailure")
            if failure.get("status") == "True":
                yield _refused(case, obj, text(failure, "message"), recent=True)
                break
        else:
            yield from _refused_by_events(case, obj)


def job(case: Case) -> Iterator[Diagnosis]:
    for obj, verdict in case.unready:
        if text(obj, "kind") == "Job" and verdict.state is State.FAILED:
            pod = _last_failed(case, obj)
            yield Diagnosis(
                "JobFailed",
                line(f"{ObjectRef.of(obj)}: {verdict.message}"),
                tuple(state_line(container) for container in statuses(pod)) if pod else (),
                f"meshctl logs {service_of(obj)}",
                certain=True,
                object=ObjectRef.of(pod or obj),
                container=next((text(container, "name") for container in statuses(pod)), "") if pod else "",
            )


def progress(case: Case) -> Iterator[Diagnosis]:
    for obj, verdict in case.unready:
        if verdict.code == "ProgressDeadlineExceeded":
            yield Diagnosis(
                "ProgressDeadline",
                line(f"{ObjectRef.of(obj)}: {verdict.message}"),
                tuple(state_line(container) for pod in case.pods for container in statuses(pod)),
                f"meshctl logs {service_of(obj)}",
                certain=True,
                object=ObjectRef.of(obj),
            )


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
                "is there a StorageClass for the claim? kubectl get storageclass",
                object=ObjectRef.of(obj),
            )


def terminating(case: Case) -> Iterator[Diagnosis]:
    for obj, verdict in case.unready:
        if verdict.state is State.TERMINATING:
            finalizers = ", ".join(map(str, obj["metadata"].get("finalizers") or ()))
            held = f"; finalizers hold it: {finalizers}" if finalizers else ""
            yield Diagnosis(
                "Terminating",
                line(f"{ObjectRef.of(obj)} is being deleted{held}"),
                suggestion="what set the finalizer has to remove it" if finalizers else "wait, or start again",
                object=ObjectRef.of(obj),
            )


def not_ready(case: Case) -> Iterator[Diagnosis]:
    """The last resort: what the object itself waits for, with every event that there is."""
    for obj, verdict in case.unready:
        pods = tuple(state_line(container) for pod in case.pods for container in statuses(pod))
        yield Diagnosis(
            "NotReady",
            line(f"{ObjectRef.of(obj)}: {verdict.message}"),
            (*pods, *map(told, case.events(obj))),
            f"meshctl describe {service_of(obj)}",
            object=ObjectRef.of(obj),
        )


def _refused_by_events(case: Case, obj: Object) -> Iterator[Diagnosis]:
    """StatefulSets, DaemonSets and Jobs tell it by events alone, and events outlive their cause."""
    if number(obj, "status", "replicas") >= number(obj, "spec", "replicas", default=1):
        return
    for each in case.family(obj):
        for event in case.events(each, "FailedCreate", "FailedDaemonPod")[-1:]:
            yield _refused(case, obj, text(event, "message"), recent=case.recent(event))


def _refused(case: Case, obj: Object, message: str, *, recent: bool) -> Diagnosis:
    found = (each for each in _REFUSALS if each[0].search(message))
    _, code, may_pass, advice = next(
        found, (None, "PodsRefused", True, "kubectl describe {kind} -n {namespace} {name}")
    )
    ref = ObjectRef.of(obj)
    events = [event for each in case.family(obj) for event in case.events(each, "FailedCreate")]
    return Diagnosis(
        code,
        line(f"the pods of {ref} are refused: {message}"),
        tuple(map(told, events)),
        advice.format(namespace=ref.namespace, kind=ref.kind.lower(), name=ref.name),
        certain=recent and not may_pass,
        object=ref,
    )


def _last_failed(case: Case, job_object: Object) -> Object | None:
    uid = text(job_object, "metadata", "uid")
    failed = [
        pod
        for pod in case.pods
        if any(owner.get("uid") == uid for owner in pod["metadata"].get("ownerReferences") or ())
        and text(pod, "status", "phase") == "Failed"
    ]
    return max(failed, key=lambda pod: text(pod, "metadata", "creationTimestamp"), default=None)
