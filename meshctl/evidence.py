"""The last lines of a container that fails, asked for once, when its failure is told, and within a few seconds."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from meshctl.diagnosis import Diagnosis
from meshctl.errors import ClusterError
from meshctl.identity import ObjectRef

if TYPE_CHECKING:
    from meshctl.cluster import Cluster

LINES = 10
WIDTH = 300  # characters of a line that are shown
PATIENCE = 3.0  # seconds for one log

_HAS_RUN = {
    "CrashLoop", "InitContainerStuck", "JobFailed", "NotReady", "OOMKilled", "ProbeFailed", "ProbeKilled",
    "ProgressDeadline", "SidecarNotReady",
}  # fmt: skip
_WAS_THERE_BEFORE = {"CrashLoop", "OOMKilled", "ProbeKilled", "ProgressDeadline"}


def last_words(cluster: Cluster, diagnosis: Diagnosis) -> tuple[str, ...]:
    """What the container of the diagnosis, and the one before it, said last. Never raises ClusterError."""
    pod = diagnosis.object
    if pod is None or pod.kind != "Pod" or not diagnosis.container or diagnosis.code not in _HAS_RUN:
        return ()
    current = _tail(cluster, pod, diagnosis.container, previous=False)
    before = _tail(cluster, pod, diagnosis.container, previous=True) if diagnosis.code in _WAS_THERE_BEFORE else []
    told = [f"log {diagnosis.container} (previous): {line}" for line in before]
    return (*told, *(f"log {diagnosis.container}: {line}" for line in current if before != current))


def _tail(cluster: Cluster, pod: ObjectRef, container: str, *, previous: bool) -> list[str]:
    """Without the times; nothing when there is no such log."""
    stream = cluster.logs(pod.namespace, pod.name, container, previous=previous, tail=LINES)
    timer = threading.Timer(PATIENCE, stream.close)
    timer.daemon = True
    timer.start()
    try:
        return [line.partition(" ")[2][:WIDTH].rstrip() for line in stream]
    except ClusterError:
        return []
    finally:
        timer.cancel()
        stream.close()
