"""Which pod of a service is meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from meshctl.errors import ClusterError, MeshctlError, NotFound, UsageError, did_you_mean
from meshctl.identity import ObjectRef
from meshctl.manifest import LABEL_SERVICE, service_of
from meshctl.readiness.verdict import condition

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.config import Config

Body = Mapping[str, Any]


class Whose(NamedTuple):
    """The pods of a service; or the one that `pod` names, and then `service` is empty."""

    service: str
    pod: str = ""

    def __str__(self) -> str:
        return f"pod/{self.pod}" if self.pod else self.service


def whose(text: str) -> Whose:
    """Of `web`, or of `pod/web-7d4b9c-x2x8p` as `meshctl pods -o name` writes it. Raises UsageError."""
    kind, slash, name = text.partition("/")
    if not slash:
        return Whose(text)
    if kind not in ("pod", "pods", "po") or not name:
        raise UsageError(f"{text!r} names no service and no pod", suggestion="like web, or pod/web-7d4b9c-x2x8p")
    return Whose("", name)


def pods_of(cluster: Cluster, config: Config, wanted: Whose) -> list[Body]:
    """As they are now. Raises UsageError for a service that nobody knows, NotFound for a pod that is not there."""
    if wanted.pod:
        return [cluster.get(ObjectRef("v1", "Pod", config.namespace, wanted.pod))]
    labelled = cluster.list("v1", "Pod", config.namespace, labels=f"{LABEL_SERVICE}={wanted.service}").items
    pods: list[Body] = [body for body in labelled if service_of(body, config.project) == wanted.service]
    if not pods:
        refuse_unknown(config, wanted.service)
    return pods


def refuse_unknown(config: Config, service: str) -> None:
    """Raises UsageError for a name that the config does not have: what has no pods is no forgotten service either."""
    if service not in config.services:
        raise UsageError(
            f"no service is called {service!r}, and it has no pods in {config.namespace}",
            suggestion=did_you_mean(service, config.services) or "`meshctl list services` shows them",
        )


def choose(pods: Iterable[Body]) -> Body | None:
    """The newest that is ready, or else the newest that runs; None when none does."""
    running = [pod for pod in pods if is_running(pod)]
    return max(running, key=lambda pod: (is_ready(pod), *_age_key(pod)), default=None)


def is_running(pod: Body) -> bool:
    """Runs, and is not on its way out."""
    return (pod.get("status") or {}).get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]


def is_ready(pod: Body) -> bool:
    return is_running(pod) and condition(dict(pod), "Ready").get("status") == "True"


def no_pod(config: Config, wanted: Whose, pods: Collection[Body]) -> MeshctlError:
    """Why there is none to choose."""
    if wanted.pod and not pods:
        return NotFound(f"there is no pod {wanted.pod} in {config.namespace}", suggestion="`meshctl pods` lists them")
    if wanted.pod:
        phases = [str((pod.get("status") or {}).get("phase") or "Unknown") for pod in pods]
        return ClusterError(f"pod {wanted.pod} does not run: it is {phases[0]}", code="NotRunning")
    found = f"none of its {len(pods)} pods runs" if len(pods) > 1 else "its pod does not run" if pods else "it has none"
    advice = f"meshctl status {wanted.service}" if pods else f"meshctl start {wanted.service}"
    return ClusterError(
        f"no pod of {wanted.service} runs in {config.namespace}: {found}", code="NotRunning", suggestion=advice
    )


def _age_key(pod: Body) -> tuple[str, str]:
    metadata = pod["metadata"]
    return str(metadata.get("creationTimestamp") or ""), str(metadata["name"])
