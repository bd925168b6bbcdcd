"""Gateways that get in the way of each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from meshctl.check.finding import Fault, Severity
from meshctl.check.istio.gateway_pods import INSTALLED, gateways, is_within
from meshctl.check.istio.names import overlap
from meshctl.check.istio.selection import anywhere
from meshctl.check.istio.values import texts
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject


def _host_parts(gateway: Resource) -> Iterator[tuple[Node, int, str]]:
    """Each server's hosts without their namespaces, with the port."""
    for server in gateway.spec["servers"]:
        for node, host in texts(server["hosts"]):
            yield node, server["port"]["number"].number or 0, host.rpartition("/")[2]


def _meet(subject: Subject, one: Resource, other: Resource) -> bool:
    """Whether two gateways configure one pod."""
    first, second = one.spec["selector"].mapping, other.spec["selector"].mapping
    if is_within(first, second) or is_within(second, first):
        return True
    return any(is_within(first, each) and is_within(second, each) for each in INSTALLED) or any(
        is_within(second, pod.labels) for pod in anywhere(subject, first)
    )


@bundle_rule("MSH374", "error", aliases=("IST0145", "KIA0301"))
def conflicting_gateways(subject: Subject) -> Iterator[Fault]:
    """Two Gateways for one host, on one port of one pod.

    Which of them is followed depends on which is older. Name the host in one Gateway, and let VirtualServices share it.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {istio: ingressgateway}
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: web}
        spec:
          selector: {istio: ingressgateway}
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {istio: ingressgateway}
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com, web.example.com]}]
    """
    by_port: dict[int, list[tuple[Resource, Node, str]]] = defaultdict(list)
    for gateway in gateways(subject):
        for node, port, host in _host_parts(gateway):
            by_port[port].append((gateway, node, host))
    for port, servers in by_port.items():
        for gateway, node, host in servers if port else ():
            rivals = [
                (other, theirs)
                for other, _, theirs in servers
                if other is not gateway and overlap(host, theirs) and _meet(subject, gateway, other)
            ]
            if rivals:
                other, theirs = rivals[0]
                severity: Severity = "error" if any(theirs == host for _, theirs in rivals) else "warning"
                message = f"{other} has {theirs} on port {port} of the same pods too"
                yield node.fault(message, "keep one", severity=severity, manifest=gateway.manifest)


@bundle_rule("MSH375", "warning", aliases=("IST0138",))
def shared_certificate(subject: Subject) -> Iterator[Fault]:
    """Two Gateways of the same pods with one certificate.

    A browser reuses its connection for all hosts of a certificate, and then gets 404 for those of the other Gateway.
    Put the hosts into one Gateway.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {istio: ingressgateway}
          servers:
          - port: {number: 443, name: https, protocol: HTTPS}
            hosts: [shop.example.com]
            tls: {mode: SIMPLE, credentialName: all}
        ---
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: web}
        spec:
          selector: {istio: ingressgateway}
          servers:
          - port: {number: 443, name: https, protocol: HTTPS}
            hosts: [web.example.com]
            tls: {mode: SIMPLE, credentialName: all}
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {istio: ingressgateway}
          servers:
          - port: {number: 443, name: https, protocol: HTTPS}
            hosts: [shop.example.com, web.example.com]
            tls: {mode: SIMPLE, credentialName: all}
    """
    users: dict[str, list[tuple[Resource, Node]]] = defaultdict(list)
    for gateway in gateways(subject):
        for server in gateway.spec["servers"]:
            if server["tls"]["credentialName"].text:
                users[server["tls"]["credentialName"].text].append((gateway, server["tls"]["credentialName"]))
    for name, places in users.items():
        for gateway, node in places:
            labels = gateway.spec["selector"].mapping
            others = (each for each, _ in places if each is not gateway)
            rival = next((each for each in others if is_within(labels, each.spec["selector"].mapping)), None)
            if rival:
                message = f"{rival} uses the certificate {name} for the same pods too"
                yield node.fault(message, "put the hosts into one Gateway", manifest=gateway.manifest)
