"""Kubernetes Services by service, and their ports with the command that forwards each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from meshctl.cluster.forward import free_of_rights
from meshctl.inventory.facts import age
from meshctl.inventory.reading import Body, Found, Query
from meshctl.inventory.scope import Scope


@dataclass(frozen=True)
class ServiceRow:
    """`service` is meshctl's, `name` the Kubernetes Service's. `endpoints` counts the ready ones; `age` in seconds."""

    name: str
    service: str
    type: str
    cluster_ip: str
    external: tuple[str, ...]
    ports: tuple[str, ...]
    endpoints: int
    age: int = field(compare=False)

    def record(self) -> dict[str, Any]:
        """The form of machine output."""
        names = ("name", "service", "type", "cluster_ip", "ports", "endpoints", "age")
        return {name: _plain(getattr(self, name)) for name in names}


@dataclass(frozen=True)
class PortRow:
    """One port of a Kubernetes Service `name`. `node_port` is 0 where there is none, `target` a number or a name.

    `forward` is the command that makes the port reachable on this machine, empty where none can.
    """

    service: str
    name: str
    port: int
    port_name: str
    protocol: str
    target: str
    node_port: int
    forward: str

    def record(self) -> dict[str, Any]:
        """The form of machine output."""
        names = ("service", "name", "port", "port_name", "protocol", "target", "node_port", "forward")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Services:
    """The view of the Kubernetes Services that meshctl made."""

    scope: Scope

    def queries(self, found: Found) -> Sequence[Query]:  # noqa: ARG002 - part of a View
        slices = self.scope.applied("discovery.k8s.io/v1", "EndpointSlice")
        return [self.scope.narrowed(self.scope.applied("v1", "Service")), slices]

    def rows(self, found: Found) -> list[ServiceRow]:
        ready = _ready_endpoints(found.of("EndpointSlice"))
        return [_service_row(service, body, ready) for service, body in _shown(self.scope, found)]


@dataclass(frozen=True)
class Ports:
    """The view of their ports. `kubectl` is how to call it so that it talks to the same cluster."""

    scope: Scope
    kubectl: str = "kubectl"

    def queries(self, found: Found) -> Sequence[Query]:  # noqa: ARG002 - part of a View
        return [self.scope.narrowed(self.scope.applied("v1", "Service"))]

    def rows(self, found: Found) -> list[PortRow]:
        taken: set[int] = set()
        return [
            _port_row(service, body, port, f"{self.kubectl} port-forward -n {self.scope.namespace}", taken)
            for service, body in _shown(self.scope, found)
            for port in body["spec"].get("ports") or ()
        ]


def _shown(scope: Scope, found: Found) -> list[tuple[str, Body]]:
    services = [(scope.service_of(body), body) for body in found.of("Service")]
    shown = [(service, body) for service, body in services if scope.takes(service)]
    return sorted(shown, key=lambda each: (each[0], each[1]["metadata"]["name"]))


def _service_row(service: str, body: Body, ready: Counter[str]) -> ServiceRow:
    spec, name = body["spec"], body["metadata"]["name"]
    return ServiceRow(
        name=name,
        service=service,
        type=spec.get("type") or "ClusterIP",
        cluster_ip=spec.get("clusterIP") or "",
        external=tuple(_external(body)),
        ports=tuple(_port_text(port) for port in spec.get("ports") or ()),
        endpoints=ready[name],
        age=age(body),
    )


def _external(body: Body) -> Iterator[str]:
    """Under which addresses the Service is known outside of the cluster."""
    spec = body["spec"]
    if spec.get("externalName"):
        yield spec["externalName"]
    for ingress in ((body.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
        yield ingress.get("ip") or ingress.get("hostname") or ""
    yield from spec.get("externalIPs") or ()


def _port_text(port: Mapping[str, Any]) -> str:
    """As kubectl writes it: 80:30080/TCP."""
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node_port}/{port.get('protocol') or 'TCP'}"


def _ready_endpoints(slices: Iterable[Body]) -> Counter[str]:
    """How many ready endpoints each Service has. One with two address families, or many ports, has several slices."""
    ready: dict[str, set[str]] = defaultdict(set)
    for body in slices:
        name = (body["metadata"].get("labels") or {}).get("kubernetes.io/service-name", "")
        for endpoint in body.get("endpoints") or ():
            if (endpoint.get("conditions") or {}).get("ready") is not False:
                ready[name].add(_endpoint(endpoint))
    return Counter({name: len(endpoints) for name, endpoints in ready.items()})


def _endpoint(endpoint: Mapping[str, Any]) -> str:
    return (endpoint.get("targetRef") or {}).get("uid") or ",".join(endpoint.get("addresses") or ())


def _port_row(service: str, body: Body, port: Mapping[str, Any], forward: str, taken: set[int]) -> PortRow:
    name, number, protocol = body["metadata"]["name"], port["port"], port.get("protocol") or "TCP"
    possible = protocol == "TCP" and body["spec"].get("selector")
    return PortRow(
        service=service,
        name=name,
        port=number,
        port_name=port.get("name") or "",
        protocol=protocol,
        target=str(port.get("targetPort") or number),
        node_port=port.get("nodePort") or 0,
        forward=f"{forward} svc/{name} {free_of_rights(number, taken)}:{number}" if possible else "",
    )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
