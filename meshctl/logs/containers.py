"""Which runs of which containers of a pod have written something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from meshctl.logs.options import LogOptions, Selector
from meshctl.manifest import service_of


class Run(NamedTuple):
    """One life of a container: a restart makes another. `id` tells lives apart and means nothing else."""

    service: str
    pod: str
    uid: str
    container: str
    id: str

    def __str__(self) -> str:
        return f"{self.pod}/{self.container}"


PREVIOUS = "previous"


def runs(pod: Mapping[str, Any], selector: Selector, options: LogOptions) -> list[Run]:
    """The current runs of the wanted containers that have begun: init containers and sidecars first, as they start."""
    metadata, service = pod["metadata"], service_of(pod, selector.project)
    return [
        Run(service, metadata["name"], metadata.get("uid", ""), name, PREVIOUS if options.previous else begun)
        for name, begun in _begun(pod)
        if selector.takes(service) and options.wants_container(name) and (begun or options.previous)
    ]


def is_running(pod: Mapping[str, Any], run: Run) -> bool:
    """Whether the run is still the container's life, as far as this state of the pod tells."""
    return pod["metadata"].get("uid", "") == run.uid and any(
        status["name"] == run.container and "running" in (status.get("state") or {}) and _run_id(status) == run.id
        for status in _statuses(pod)
    )


def _begun(pod: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, id of its run) of each container, the id empty when the container has never begun."""
    statuses = {status["name"]: status for status in _statuses(pod)}
    spec = pod["spec"]
    for group in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(group) or ():
            yield container["name"], _run_id(statuses.get(container["name"], {}))


def _statuses(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    status = pod.get("status") or {}
    for group in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        yield from status.get(group) or ()


def _run_id(status: Mapping[str, Any]) -> str:
    """The kubelet shows the log of the running container, else of the one that has ended, else of the one before.

    Container runtimes give every run an id; where there is none (KWOK), the start does.
    """
    state, last = status.get("state") or {}, status.get("lastState") or {}
    if running := state.get("running"):
        return str(status.get("containerID") or running.get("startedAt") or "running")
    for ended in (state.get("terminated"), last.get("terminated")):
        if ended is not None:
            return str(ended.get("containerID") or ended.get("startedAt") or "ended")
    return ""
