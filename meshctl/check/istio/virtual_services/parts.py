"""The parts of a VirtualService that rules go through."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from meshctl.check.istio.kinds import MESH
from meshctl.check.istio.names import host_fault, server_name_fault
from meshctl.check.istio.values import texts
from meshctl.check.node import Node
from meshctl.check.resource import Resource

ROUTED = ("http", "tls", "tcp")


def is_delegate(service: Resource) -> bool:
    """Without hosts it is there for others to delegate to."""
    return not service.spec["hosts"].value


def gateways(service: Resource) -> list[str]:
    """Where it applies: the sidecars of the mesh, if it does not say."""
    return [text for _, text in texts(service.spec["gateways"])] or [MESH]


def is_for_mesh(service: Resource) -> bool:
    return MESH in gateways(service)


def host_judge(service: Resource) -> Callable[[str], str]:
    """Says why a text is no host of the VirtualService. Only gateways that go by the names of TLS see those that
    sidecars make."""
    by_name = any(match["sniHosts"].value for rule in service.spec["tls"] for match in rule["match"])
    return server_name_fault if by_name and not is_for_mesh(service) else host_fault


def matches(service: Resource) -> Iterator[Node]:
    """The HTTP matches of all rules."""
    for rule in service.spec["http"]:
        yield from rule["match"]


def routes(service: Resource) -> Iterator[Node]:
    """The lists of destinations of all rules."""
    for protocol in ROUTED:
        for rule in service.spec[protocol]:
            if rule["route"]:
                yield rule["route"]


def mirrors(service: Resource) -> Iterator[Node]:
    """Each mirrored destination."""
    for rule in service.spec["http"]:
        if rule["mirror"]:
            yield rule["mirror"]
        for mirror in rule["mirrors"]:
            yield mirror["destination"]


def destinations(service: Resource) -> Iterator[Node]:
    """Every destination, mirrored ones last."""
    for route in routes(service):
        for share in route:
            yield share["destination"]
    yield from mirrors(service)


def rule_name(rule: Node) -> str:
    """How a message calls a rule: by its name, or by its place in the list."""
    name = rule["name"].text
    return f'rule "{name}"' if name else f"rule {int(rule.path[-1]) + 1}"
