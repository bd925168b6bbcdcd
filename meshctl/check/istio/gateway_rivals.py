"""Gateways that get in the way of each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from meshctl.check.finding import Fault, Severity
from meshctl.check.istio.gateway_pods import INSTALLED, gateways, is_within
from meshctl.check.istio.host_index import HostIndex
from meshctl.check.istio.values import HTTP_PROTOCOLS, texts
from meshctl.check.node import Node
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.selectors import Labelled
from meshctl.check.subject import Subject

_Selector = frozenset[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class _Claim:
    """A host that a Gateway asks for, on a port of an address; `namespace` is that of the VirtualServices, empty for
    any."""

    gateway: Resource
    node: Node
    port: int
    bind: str
    host: str
    namespace: str
    is_http: bool

    @property
    def place(self) -> tuple[int, str]:
        return self.port, self.bind

    def contends_with(self, other: _Claim) -> bool:
        """Routes of HTTP are divided by the namespaces of VirtualServices; TLS is chosen by the host alone."""
        apart = self.namespace and other.namespace and self.namespace != other.namespace
        return self.gateway is not other.gateway and not (apart and self.is_http and other.is_http)

    def is_lost_to(self, other: _Claim) -> bool:
        """Whether one of the two has no effect, and not only a part of the hosts or VirtualServices in common."""
        is_shared = self.is_http and other.is_http and self.namespace != other.namespace
        return self.host == other.host and not is_shared


def _claims(subject: Subject) -> Iterator[_Claim]:
    for gateway in gateways(subject):
        own = subject.namespace_of(gateway)
        for server in gateway.spec["servers"]:
            port, protocol = server["port"]["number"].number or 0, server["port"]["protocol"].text.upper()
            for node, text in texts(server["hosts"]) if port else ():
                namespace, _, host = text.rpartition("/")
                namespace = own if namespace == "." else namespace.strip("*")
                bind = server["bind"].text
                yield _Claim(gateway, node, port, bind, host.lower(), namespace, protocol in HTTP_PROTOCOLS)


def _selector(gateway: Resource) -> _Selector:
    return frozenset((str(key), str(value)) for key, value in gateway.spec["selector"].mapping.items())


class _Selectors:
    """The selectors of all Gateways, each once: which of them take the same pods."""

    def __init__(self, subject: Subject) -> None:
        self._labels = {_selector(gateway): gateway.spec["selector"].mapping for gateway in gateways(subject)}
        self._by_labels = Labelled(("", labels, each) for each, labels in self._labels.items())
        self._meeting: dict[_Selector, dict[_Selector, None]] = defaultdict(dict)
        taking: dict[Pod | int, list[_Selector]] = defaultdict(list)
        for each, labels in self._labels.items():
            for other in self.narrower(each):
                self._meeting[each][other] = self._meeting[other][each] = None
            for pod in subject.pods_anywhere(labels):
                taking[pod].append(each)
            for number, installed in enumerate(INSTALLED):
                if is_within(labels, installed):
                    taking[number].append(each)
        for selectors in taking.values():
            for each in selectors:
                self._meeting[each].update(dict.fromkeys(selectors))

    def narrower(self, selector: _Selector) -> list[_Selector]:
        """Those that take nothing that this one does not take, itself included."""
        return self._by_labels.with_all("", self._labels[selector])

    def meeting(self, selector: _Selector) -> Iterable[_Selector]:
        """Those that take one of its pods, itself included."""
        return self._meeting[selector]


@bundle_rule("MSH374", "error", aliases=("IST0145", "KIA0301"))
def conflicting_gateways(subject: Subject) -> Iterator[Fault]:
    """Two Gateways for one host, on one port of one pod.

    Which of them is followed depends on which is older. Name the host in one Gateway, and let VirtualServices share it.
    It is a warning where one has a wildcard over the host of the other, or lets in VirtualServices of more namespaces.

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
    selectors, claims = _Selectors(subject), list(_claims(subject))
    taken: dict[tuple[tuple[int, str], _Selector], HostIndex[_Claim]] = defaultdict(HostIndex)
    for claim in claims:
        taken[claim.place, _selector(claim.gateway)].add(claim.host, claim)
    for claim in claims:
        meeting = selectors.meeting(_selector(claim.gateway))
        rival = _rival(claim, [taken[claim.place, each] for each in meeting if (claim.place, each) in taken])
        if rival:
            severity: Severity = "error" if claim.is_lost_to(rival) else "warning"
            message = f"{rival.gateway} has {rival.host} on port {rival.port} of the same pods too"
            yield claim.node.fault(message, "keep one", severity=severity, manifest=claim.gateway.manifest)


def _rival(claim: _Claim, there: list[HostIndex[_Claim]]) -> _Claim | None:
    """The worst that contends with a claim: to the same host, or to a wildcard over it or a host in it."""
    same = (each for index in there for each in index.of(claim.host) if claim.is_lost_to(each))
    similar = (each for index in there for _, each in index.overlapping(claim.host))
    return next((each for each in chain(same, similar) if claim.contends_with(each)), None)


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
    selectors = _Selectors(subject)
    users: dict[tuple[str, _Selector], dict[Resource, None]] = defaultdict(dict)
    for gateway in gateways(subject):
        for name in _credentials(gateway):
            users[name.text, _selector(gateway)][gateway] = None
    for gateway in gateways(subject):
        for name in _credentials(gateway):
            there = (users.get((name.text, each), {}) for each in selectors.narrower(_selector(gateway)))
            rival = next((other for each in there for other in each if other is not gateway), None)
            if rival:
                message = f"{rival} uses the certificate {name.text} for the same pods too"
                yield name.fault(message, "put the hosts into one Gateway", manifest=gateway.manifest)


def _credentials(gateway: Resource) -> Iterator[Node]:
    for server in gateway.spec["servers"]:
        if server["tls"]["credentialName"].text:
            yield server["tls"]["credentialName"]
