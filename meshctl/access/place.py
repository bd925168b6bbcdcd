"""Where a command is to run: one pod, one container."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from meshctl.access.containers import container_of
from meshctl.access.pods import Whose, choose, is_ready, no_pod, pods_of

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.config import Config


class Place(NamedTuple):
    """`ready` is whether the pod is; one that is not may be just what one wants to look into."""

    pod: str
    container: str
    ready: bool

    def __str__(self) -> str:
        return f"→ pod {self.pod} · container {self.container}" + ("" if self.ready else " (not ready)")


def find(cluster: Cluster, config: Config, wanted: Whose, container: str = "") -> Place:
    """Raises UsageError for a service or container that is not there, ClusterError when no pod runs."""
    pods = pods_of(cluster, config, wanted)
    pod = choose(pods)
    if pod is None:
        raise no_pod(config, wanted, pods)
    return Place(pod["metadata"]["name"], container_of(pod, container), is_ready(pod))
