"""Admission webhooks that do not answer: after a few objects of a kind the run stops asking for that kind.

Each question to a dead webhook takes as long as the webhook's timeout, ten seconds mostly; of 200 objects of one kind
none would get through. Other refusals come at once and are about one object, so those are asked for one by one.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from meshctl.errors import ClusterError, Overloaded
from meshctl.events import Failed
from meshctl.identity import ObjectRef

if TYPE_CHECKING:
    from meshctl.cluster import Cluster

P = ParamSpec("P")
T = TypeVar("T")

ENOUGH = 3  # answers in a row that name the same webhook
UNAVAILABLE = "WebhookUnavailable"
_API_VERSION = "admissionregistration.k8s.io/v1"
_CONFIGURATIONS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")


class Breaker:
    """For the workers of one run."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._in_a_row: Counter[tuple[tuple[str, str], str]] = Counter()
        self._broken: dict[tuple[str, str], Overloaded] = {}
        self._advice: dict[str, str] = {}
        self._lock = threading.Lock()

    def ask(self, ref: ObjectRef, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Sends what is about this object, unless it is known what would come of that. Raises what the call raises."""
        if error := self._broken.get(ref.group_kind):
            raise _not_sent(ref, error)
        try:
            answer = call(*args, **kwargs)
        except Overloaded as error:
            if error.code == UNAVAILABLE:
                self._note(ref, error)
            raise
        self._answered(ref)
        return answer

    def _note(self, ref: ObjectRef, error: Overloaded) -> None:
        with self._lock:
            if error.webhook not in self._advice:
                self._advice[error.webhook] = _advice(self._cluster, error)
            error.suggestion = self._advice[error.webhook]
            self._in_a_row[ref.group_kind, error.webhook] += 1
            if self._in_a_row[ref.group_kind, error.webhook] >= ENOUGH:
                self._broken.setdefault(ref.group_kind, error)

    def _answered(self, ref: ObjectRef) -> None:
        """The webhook lets some through: it may be about some objects of the kind only."""
        with self._lock:
            for known in [known for known in self._in_a_row if known[0] == ref.group_kind]:
                del self._in_a_row[known]


def told_once(failures: Sequence[Failed]) -> Iterable[Failed]:
    """Of several objects of a service that one dead webhook holds up, the first speaks for all."""
    held = [failure for failure in failures if failure.code == UNAVAILABLE]
    yield from (failure for failure in failures if failure.code != UNAVAILABLE)
    if held:
        others = tuple(f"the same for {failure.object}" for failure in held[1:])
        yield replace(held[0], evidence=(*held[0].evidence, *others))


def _not_sent(ref: ObjectRef, error: Overloaded) -> Overloaded:
    message = f"{ref} was not sent: the webhook {error.webhook} did not answer for {ENOUGH} others of its kind"
    return Overloaded(message, code=UNAVAILABLE, suggestion=error.suggestion, status=error.status)


def _advice(cluster: Cluster, error: Overloaded) -> str:
    """Names what has to be started, or deleted; the error's own words for whoever may not look at configurations."""
    for kind in _CONFIGURATIONS:
        try:
            found = cluster.list(_API_VERSION, kind).items
        except ClusterError:
            return error.suggestion
        for body in found:
            for webhook in body.get("webhooks") or ():
                if webhook["name"] == error.webhook:
                    name = body["metadata"]["name"]
                    server = _server(webhook.get("clientConfig") or {})
                    return f"start {server}; or, if it is gone for good, kubectl delete {kind.lower()} {name}"
    return error.suggestion


def _server(client: Mapping[str, Any]) -> str:
    service = client.get("service") or {}
    if service:
        return f"what serves it, Service {service.get('name')} in {service.get('namespace')}"
    return f"what serves it at {client.get('url')}"
