"""Rules below HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import VIRTUAL_SERVICE
from meshctl.check.istio.names import is_ip, is_network, within
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import labels, port_fault, texts
from meshctl.check.istio.virtual_services.parts import host_judge, rule_name
from meshctl.check.node import Node
from meshctl.check.resource import Resource


@istio_rule("MSH327", "error", VIRTUAL_SERVICE, aliases=("IST0106", "IST0133"))
def transport_rules(service: Resource) -> Iterator[Fault]:
    """A rule for TLS or TCP that Istio refuses.

    A TLS rule matches by names (`sniHosts`) that the hosts of its VirtualService cover. Both need a route.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          tls: [{match: [{sniHosts: [api.example.com]}], route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: ["*.example.com"]
          tls: [{match: [{sniHosts: [api.example.com]}], route: [{destination: {host: web}}]}]
    """
    hosts, fault_of = [host for _, host in texts(service.spec["hosts"])], host_judge(service)
    for protocol in ("tls", "tcp"):
        for rule in service.spec[protocol]:
            if not rule["route"].value:
                yield rule.fault(f"{rule_name(rule)} of {protocol} has no route")
            for match in rule["match"]:
                yield from _match(match)
                if protocol == "tls":
                    yield from _names(match, hosts, fault_of)
    for rule in service.spec["tls"]:
        if not rule["match"].value:
            yield rule.fault(f"{rule_name(rule)} of tls matches nothing", "name sniHosts")


def _match(match: Node) -> Iterator[Fault]:
    for node, subnet in texts(match["destinationSubnets"]):
        if not is_network(subnet):
            yield node.fault(f'"{subnet}" is neither an address nor a range of them')
    if match["port"] and (fault := port_fault(match["port"].number or 0)):
        yield match["port"].fault(fault)
    yield from labels(match["sourceLabels"])


def _names(match: Node, hosts: list[str], fault_of: Callable[[str], str]) -> Iterator[Fault]:
    if not match["sniHosts"].value:
        yield match.fault("a match of TLS needs sniHosts")
    for node, name in texts(match["sniHosts"]):
        if is_ip(name):
            yield node.fault(f"few clients send an address, like {name}, as the name of a server", severity="warning")
        elif fault := fault_of(name):
            yield node.fault(fault)
        elif not any(within(name, host) for host in hosts):
            yield node.fault(f'"{name}" is none of the hosts {", ".join(hosts)}', "add it to hosts")
