"""Where requests go, and how they are shared out."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import VIRTUAL_SERVICE
from meshctl.check.istio.names import host_fault
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import port_fault, subset_name_fault
from meshctl.check.istio.virtual_services.parts import destinations, routes
from meshctl.check.node import Node
from meshctl.check.resource import Resource


@istio_rule("MSH313", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
def destination(service: Resource) -> Iterator[Fault]:
    """A destination that can be none.

    It needs a host, which is no bare `*`, the number of a port, if any, and a subset whose name is a DNS label.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web, port: {number: 70000}}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web, port: {number: 7000}}}]}]
    """
    for target in destinations(service):
        host, port, subset = target["host"], target["port"], target["subset"]
        if host and (fault := "a destination cannot be *" if host.value == "*" else host_fault(host.text)):
            yield host.fault(fault)
        if port and (fault := port_fault(port["number"].number or 0)):
            yield (port["number"] or port).fault(fault)
        if subset.text and (fault := subset_name_fault(subset.text)):
            yield subset.fault(fault)


@istio_rule("MSH314", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
def weights(service: Resource) -> Iterator[Fault]:
    """Weights that leave nothing to share.

    Weights are relative, so any sum will do but 0, and none is negative.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - route:
            - {destination: {host: web-a}, weight: 0}
            - {destination: {host: web-b}, weight: 0}
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - route:
            - {destination: {host: web-a}, weight: 90}
            - {destination: {host: web-b}, weight: 10}
    """
    for route in routes(service):
        given = [share["weight"] for share in route]
        for weight in given:
            if (weight.number or 0) < 0:
                yield weight.fault(f"a weight cannot be {weight.number}")
        if len(given) > 1 and not sum(weight.number or 0 for weight in given):
            yield route.fault("the weights of these destinations add up to 0", "give each destination a weight")


@istio_rule("MSH315", "warning", VIRTUAL_SERVICE, aliases=("KIA1104", "KIA1105"))
def odd_weights(service: Resource) -> Iterator[Fault]:
    """Weights that do not do what they seem to say.

    A single destination gets everything, whatever its weight; a destination without one gets nothing as soon as another
    has one; and of two shares of one destination one is too many.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web}, weight: 20}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web}}]}]
    """
    for route in routes(service):
        shares = list(route)
        if len(shares) == 1 and 0 < (weight := shares[0]["weight"].number or 0) < 100:
            message = f"a single destination gets every request, not {weight} of 100"
            yield shares[0]["weight"].fault(message, "leave the weight out, or add who gets the rest")
        if len(shares) > 1 and any(share["weight"].number for share in shares):
            yield from _without_weight(shares)
        yield from _twice(shares)


def _without_weight(shares: list[Node]) -> Iterator[Fault]:
    for share in shares:
        if not share["weight"]:
            host = share["destination"]["host"].text
            yield share.fault(f"{host} gets nothing here: others have a weight, and it has none", "give it a weight")


def _twice(shares: list[Node]) -> Iterator[Fault]:
    seen: set[tuple[str, str, int | None]] = set()
    for share in shares:
        target = share["destination"]
        identity = (target["host"].text, target["subset"].text, target["port"]["number"].number)
        if identity in seen:
            subset = f", subset {identity[1]}," if identity[1] else ""
            yield target.fault(f"{identity[0]}{subset} is in this rule already", "add the weights up")
        seen.add(identity)
