"""Pods that the API server does not let come into being: quotas, webhooks, policies."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from meshctl.diagnosis.case import Case, Diagnosis, Object, event_time, line, moment, told
from meshctl.identity import ObjectRef
from meshctl.readiness.verdict import condition, number, text


class _Refusal(NamedTuple):
    """`words` are the server's; `advice` is for `format`; it is certain after `seconds` of refusals."""

    words: re.Pattern[str]
    code: str
    advice: str
    seconds: float = 0.0


_RESTART = 30.0  # seconds within which a webhook's server that is only restarted answers again
_REFUSALS = (
    _Refusal(
        re.compile("exceeded quota|failed quota"), "QuotaExceeded", "kubectl describe resourcequota -n {namespace}"
    ),
    _Refusal(re.compile("violates PodSecurity"), "AdmissionDenied", "meet the namespace's pod security standard"),
    _Refusal(re.compile("denied the request|denied request"), "AdmissionDenied", "do as the admission webhook says"),
    _Refusal(
        re.compile(r'failed calling webhook "[^"]*(?:istio\.io|sidecar-injector)[^"]*"'),
        "InjectionWebhookDown",
        "is istiod running? kubectl get pods -n istio-system; or `inject: false` for the service",
        seconds=_RESTART,
    ),
    _Refusal(
        re.compile("failed calling webhook"),
        "WebhookUnavailable",
        "is the webhook's own service running?",
        seconds=_RESTART,
    ),
    _Refusal(
        re.compile("service ?account .*not found"),
        "ServiceAccountMissing",
        "add the ServiceAccount to the templates",
        seconds=math.inf,
    ),
    _Refusal(re.compile("forbidden:"), "AdmissionDenied", "change the pod template to what is allowed"),
)
_OTHER = _Refusal(re.compile(""), "PodsRefused", "kubectl describe {kind} -n {namespace} {name}", seconds=math.inf)


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


def _refused_by_events(case: Case, obj: Object) -> Iterator[Diagnosis]:
    """StatefulSets, DaemonSets and Jobs tell it by events alone, and events outlive their cause."""
    if number(obj, "status", "replicas") >= number(obj, "spec", "replicas", default=1):
        return
    for each in case.family(obj):
        for event in case.events(each, "FailedCreate", "FailedDaemonPod")[-1:]:
            yield _refused(case, obj, text(event, "message"), recent=case.recent(event))


def _refused(case: Case, obj: Object, message: str, *, recent: bool) -> Diagnosis:
    refusal = next((each for each in _REFUSALS if each.words.search(message)), _OTHER)
    ref = ObjectRef.of(obj)
    events = [event for each in case.family(obj) for event in case.events(each, "FailedCreate")]
    return Diagnosis(
        refusal.code,
        line(f"the pods of {ref} are refused: {message}"),
        tuple(map(told, events)),
        refusal.advice.format(namespace=ref.namespace, kind=ref.kind.lower(), name=ref.name),
        certain=recent and (not refusal.seconds or _lasting(case, events) >= refusal.seconds),
        object=ref,
    )


def _lasting(case: Case, events: Iterable[Object]) -> float:
    """Seconds for which the pods have been refused, since this began to be looked at."""
    spans = (event_time(event) - max(moment(event, "firstTimestamp"), case.since) for event in events)
    return max(spans, default=0.0)
