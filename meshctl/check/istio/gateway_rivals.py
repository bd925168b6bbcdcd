"""Gateways that get in the way of each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from meshctl.check.finding import Fault, Severity
from meshctl.check.istio.gateway_pods import INSTALLED, gateways, is_within
from meshctl.check.istio.selection import anywhere
from meshctl.check.istio.values import HTTP_PROTOCOLS, texts
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject


@dataclass(frozen=True, eq=False)
class _Claim:
    """A host on a port that a Gateway asks for; `namespace` is that of the VirtualServices, empty for any."""

    gateway: Resource
    node: Node
    port: int
    host: str
    namespace: str
    is_http: bool

    def contends_with(self, other: _Claim) -> bool:
        """Routes of HTTP are divided by the namespaces of VirtualServices; TLS is chosen by the host alone."""
        apart = self.namespace and other.namespace and self.namespace != other.namespace
        return self.gateway is not other.gateway and not (apart and self.is_http and other.is_http)


def _claims(subject: Subject) -> Iterator[_Claim]:
    for gateway in gateways(subject):
        own = subject.namespace_of(gateway)
        for server in gateway.spec["servers"]:
            port, protocol = server["port"]["number"].number or 0, server["port"]["protocol"].text.upper()
            for node, text in texts(server["hosts"]) if port else ():
                namespace, _, host = text.rpartition("/")
                namespace = own if namespace == "." else namespace.strip("*")
                yield _Claim(gateway, node, port, host.lower(), namespace, protocol in HTTP_PROTOCOLS)


class _Claims:
    """All claims, by port and host."""

    def __init__(self, subject: Subject) -> None:
        self.all = list(_claims(subject))
        self._same: dict[tuple[int, str], list[_Claim]] = defaultdict(list)
        self._below: dict[tuple[int, str], list[_Claim]] = defaultdict(list)
        for claim in self.all:
            self._same[claim.port, claim.host].append(claim)
            for wildcard in _wildcards(claim.host):
                self._below[claim.port, wildcard].append(claim)

    def of_the_same_host(self, claim: _Claim) -> list[_Claim]:
        return self._same[claim.port, claim.host]

    def of_other_hosts(self, claim: _Claim) -> Iterator[_Claim]:
        """Those of a wildcard that the host is in, or of hosts that are in the wildcard."""
        for wildcard in _wildcards(claim.host):
            yield from self._same.get((claim.port, wildcard), ())
        yield from self._below.get((claim.port, claim.host), ())


def _wildcards(host: str) -> Iterator[str]:
    """`*.example.com`, `*.com` and `*` of `shop.example.com`."""
    labels = host.split(".")
    yield from (".".join(["*", *labels[index:]]) for index in range(1, len(labels)))
    if host != "*":
        yield "*"


def _meet(subject: Subject, one: _Claim, other: _Claim) -> bool:
    """Whether the Gateways of two claims configure one pod."""
    first, second = one.gateway.spec["selector"].mapping, other.gateway.spec["selector"].mapping
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
    claims = _Claims(subject)
    for claim in claims.all:
        candidates = chain(claims.of_the_same_host(claim), claims.of_other_hosts(claim))
        rival = next((each for each in candidates if each.contends_with(claim) and _meet(subject, claim, each)), None)
        if rival:
            severity: Severity = "error" if rival.host == claim.host else "warning"
            message = f"{rival.gateway} has {rival.host} on port {rival.port} of the same pods too"
            yield claim.node.fault(message, "keep one", severity=severity, manifest=claim.gateway.manifest)


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
