"""Which port of which pods is meant by `web`, `web:80`, `web:8080:http`: pure functions of Services and pods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from meshctl.access.pods import Body, Whose, choose, whose
from meshctl.cluster.forward import free_of_rights
from meshctl.errors import UsageError, did_you_mean

_HIGHEST = 65_535
_FORM = "like web, web:80, web:8080:80, web::80 or web:http"


class Wish(NamedTuple):
    """`local` is None where nothing was said and 0 for any free port; an empty `remote` means all ports."""

    whose: Whose
    local: int | None
    remote: str


@dataclass(frozen=True)
class Way:
    """From a port of this machine, 0 for any free one, to `port` of those pods that have the labels of `selector`.

    `remote` is the port as the service's users know it.
    """

    whose: Whose
    local: int
    remote: int
    port: int
    selector: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.whose}:{self.remote}"

    def leads_to(self, pods: Iterable[Body]) -> list[Body]:
        """Of the pods of its service, those that have the labels."""
        wanted = self.selector.items()
        return [pod for pod in pods if wanted <= (pod["metadata"].get("labels") or {}).items()]


def wish(text: str) -> Wish:
    """Of `SERVICE[:[LOCAL:]REMOTE]`; an empty LOCAL is any free port, as with kubectl. Raises UsageError."""
    name, *ports = text.split(":")
    if not name or len(ports) > 2 or (ports and not ports[-1]):
        raise UsageError(f"{text!r} is no SERVICE[:[LOCAL:]REMOTE]", suggestion=_FORM)
    if ports and ports[-1].isdecimal():
        _number(ports[-1], text)
    local = _local(ports[0], text) if len(ports) == 2 else None
    return Wish(whose(name), local, ports[-1] if ports else "")


def ways(wanted: Wish, services: Sequence[Body], pods: Sequence[Body], taken: set[int]) -> list[Way]:
    """`services` and `pods` are the service's own; at least one of the pods runs. Raises UsageError.

    A port that nobody named gets one of this machine that needs no rights and that is not `taken` by another.
    """
    served = [_Port.of_service(body, port) for body in services for port in body["spec"].get("ports") or ()]
    declared = [_Port.of_container(port) for port in _container_ports(pods)]
    if not wanted.remote:
        found = [port for port in served or declared if port.forwards]
        if not found:
            raise UsageError(f"{wanted.whose} declares no TCP port", suggestion=f"name one: {wanted.whose}:8080")
        return [port.way(wanted.whose, free_of_rights(port.number, taken), pods) for port in found]
    port = _named(wanted, [*served, *declared])
    return [port.way(wanted.whose, port.number if wanted.local is None else wanted.local, pods)]


class _Port(NamedTuple):
    """A port of a Service or of a container; `target` is a number or a container port's name."""

    name: str
    number: int
    target: str
    forwards: bool
    selector: Mapping[str, str]

    @classmethod
    def of_service(cls, body: Body, port: Mapping[str, Any]) -> _Port:
        selector = body["spec"].get("selector") or {}
        forwards = port.get("protocol", "TCP") == "TCP" and bool(selector)
        target = str(port.get("targetPort") or port["port"])
        return cls(port.get("name") or "", port["port"], target, forwards, selector)

    @classmethod
    def of_container(cls, port: Mapping[str, Any]) -> _Port:
        number = port["containerPort"]
        return cls(port.get("name") or "", number, str(number), port.get("protocol", "TCP") == "TCP", {})

    def way(self, whose: Whose, local: int, pods: Sequence[Body]) -> Way:
        """Raises UsageError when it cannot be forwarded, or when no pod has the container port that it names."""
        if not self.forwards:
            raise UsageError(f"port {self.number} of {whose} cannot be forwarded: only TCP to pods can")
        way = Way(whose, local, self.number, 0, self.selector)
        pod = choose(way.leads_to(pods))
        numbers = {port.get("name"): port["containerPort"] for port in _container_ports([pod] if pod else ())}
        port = int(self.target) if self.target.isdecimal() else numbers.get(self.target)
        if port is None:
            raise UsageError(f"no pod that runs behind {whose}:{self.number} has a port called {self.target!r}")
        return Way(whose, local, self.number, port, self.selector)


def _named(wanted: Wish, known: Sequence[_Port]) -> _Port:
    """By name or number; a number that nobody declared may still be listened to."""
    for port in known:
        if wanted.remote in (port.name, str(port.number)):
            return port
    if wanted.remote.isdecimal():
        return _Port("", int(wanted.remote), wanted.remote, forwards=True, selector={})
    names = [port.name for port in known if port.name]
    listed = ", ".join(dict.fromkeys(port.name or str(port.number) for port in known))
    advice = did_you_mean(wanted.remote, names) or (f"it has {listed}" if listed else "")
    raise UsageError(f"{wanted.whose} has no port {wanted.remote!r}", suggestion=advice)


def _container_ports(pods: Iterable[Body]) -> Iterator[Mapping[str, Any]]:
    """Of all containers, each number once."""
    seen = set()
    for pod in pods:
        for container in pod["spec"].get("containers") or ():
            for port in container.get("ports") or ():
                if port["containerPort"] not in seen:
                    seen.add(port["containerPort"])
                    yield port


def _local(text: str, whole: str) -> int:
    return _number(text, whole) if text else 0


def _number(text: str, whole: str) -> int:
    if not text.isdecimal() or int(text) > _HIGHEST:
        raise UsageError(f"{whole!r}: {text} is no port", suggestion=_FORM)
    return int(text)
