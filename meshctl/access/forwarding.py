"""Ports of this machine that lead into services, also when their pods come and go."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from meshctl.access.pods import Body, Whose, choose, is_running, no_pod, refuse_unknown
from meshctl.access.ports import Way, Wish, ways
from meshctl.cluster.forward import PORT_TAKEN
from meshctl.errors import ClusterError, MeshctlError, UsageError, raise_all
from meshctl.informer import Informer
from meshctl.manifest import LABEL_PART_OF, LABEL_SERVICE, service_of

if TYPE_CHECKING:
    from meshctl.cluster import Cluster, PortForward
    from meshctl.config import Config

TICK = 0.1  # seconds between two looks at the interrupt


class Interrupt(Protocol):
    """What ends it from outside: the event that Ctrl-C sets."""

    def is_set(self) -> bool: ...


class Opened(NamedTuple):
    """From now on, connections to `local` of this machine end in the pod."""

    way: Way
    address: str
    local: int
    pod: str


class Moved(NamedTuple):
    """`before` no longer runs; new connections end in `pod`, which is empty while there is no other."""

    way: Way
    before: str
    pod: str


class Refused(NamedTuple):
    """What went wrong with one connection."""

    way: Way
    error: ClusterError


Note = Opened | Moved | Refused


def forward(
    cluster: Cluster, config: Config, wishes: Sequence[Wish], addresses: Sequence[str], interrupt: Interrupt
) -> Iterator[Note]:
    """Until the interrupt. Raises UsageError for what is not there and for ports that are taken, all of it together;
    ClusterError when a service has no pod that runs."""
    selector = LABEL_SERVICE if all(wish.whose.service for wish in wishes) else ""
    informer = Informer(cluster, "v1", "Pod", config.namespace, labels=selector)
    lines: list[_Line] = []
    try:
        lines += _lines(cluster, config, wishes, informer)
        for line in lines:
            line.look()
        yield from _open(cluster, config, lines, addresses)
        while not interrupt.is_set():
            informer.wake.wait(TICK)
            informer.wake.clear()
            informer.drain()
            for line in lines:
                yield from line.look()
                yield from line.complaints()
    finally:
        informer.close()
        for line in lines:
            line.close()


@dataclass
class _Line:
    """One way, and the pod that it leads to now."""

    way: Way
    config: Config
    informer: Informer
    pod: str = ""

    def __post_init__(self) -> None:
        self.open: list[PortForward] = []
        self.errors: deque[ClusterError] = deque()

    def look(self) -> list[Note]:
        """Stays with its pod as long as that runs; a new version of the service is another pod."""
        pods = self.way.leads_to(_pods_of(self.informer, self.config, self.way.whose))
        before = self.pod
        if before and any(pod["metadata"]["name"] == before and is_running(pod) for pod in pods):
            return []
        chosen = choose(pods)
        self.pod = chosen["metadata"]["name"] if chosen else ""
        return [Moved(self.way, before, self.pod)] if before != self.pod else []

    def chosen(self) -> str:
        """For the thread of a connection. Raises ClusterError while no pod runs."""
        if not self.pod:
            raise ClusterError(f"no pod of {self.way.whose} runs", code="NotRunning")
        return self.pod

    def complaints(self) -> Iterator[Note]:
        while self.errors:
            yield Refused(self.way, self.errors.popleft())

    def close(self) -> None:
        for each in self.open:
            each.close()


def _lines(cluster: Cluster, config: Config, wishes: Sequence[Wish], informer: Informer) -> list[_Line]:
    """What every wish comes to. Raises what is wrong with any of them, all together."""
    errors: list[MeshctlError] = []
    found: list[Way] = []
    taken = {wish.local for wish in wishes if wish.local}
    services = _services(cluster, config) if any(wish.whose.service for wish in wishes) else []
    for wish in wishes:
        pods = _pods_of(informer, config, wish.whose)
        own = [body for body in services if service_of(body, config.project) == wish.whose.service]
        try:
            if choose(pods) is None:
                _refuse(config, wish.whose, pods)
            found += ways(wish, own, pods, taken)
        except MeshctlError as error:
            errors.append(error)
    raise_all(errors)
    return [_Line(way, config, informer) for way in found]


def _services(cluster: Cluster, config: Config) -> list[Body]:
    return [*cluster.list("v1", "Service", config.namespace, labels=f"{LABEL_PART_OF}={config.project}").items]


def _pods_of(informer: Informer, config: Config, wanted: Whose) -> list[Body]:
    bodies = informer.objects.values()
    if wanted.pod:
        return [body for body in bodies if body["metadata"]["name"] == wanted.pod]
    return [body for body in bodies if service_of(body, config.project) == wanted.service]


def _refuse(config: Config, wanted: Whose, pods: Sequence[Body]) -> None:
    if wanted.service and not pods:
        refuse_unknown(config, wanted.service)
    raise no_pod(config, wanted, pods)


def _open(cluster: Cluster, config: Config, lines: Sequence[_Line], addresses: Sequence[str]) -> Iterator[Note]:
    """All of them before the first is told of: either everything is forwarded, or nothing."""
    errors: list[MeshctlError] = []
    opened: list[Note] = []
    for line in lines:
        for address in addresses:
            way = line.way
            try:
                forward = cluster.port_forward(
                    config.namespace, line.chosen, way.port, line.errors.append, local=way.local, address=address
                )
            except UsageError as error:
                errors.append(_advised(error, way))
            else:
                line.open.append(forward)
                opened.append(Opened(way, address, forward.port, line.pod))
    raise_all(errors)
    yield from opened


def _advised(error: UsageError, way: Way) -> UsageError:
    advice = f"{way.whose}::{way.remote} takes any free port" if error.code == PORT_TAKEN else ""
    return UsageError(error.message, code=error.code, suggestion=advice)
