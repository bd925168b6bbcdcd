"""VirtualServices at the Gateways that they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshctl.check.finding import Fault, Severity
from meshctl.check.istio.gateway_pods import INSTALLED, is_within
from meshctl.check.istio.gateway_references import gateway_references, virtual_services
from meshctl.check.istio.kinds import NETWORKING, ROOT_NAMESPACE, SECURITY
from meshctl.check.istio.names import overlap
from meshctl.check.istio.selection import selected, selector
from meshctl.check.istio.values import texts
from meshctl.check.istio.virtual_services.matches import is_claim
from meshctl.check.istio.virtual_services.parts import matches
from meshctl.check.node import Node
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject


@bundle_rule("MSH379", "warning", aliases=("IST0132",))
def host_not_let_in(subject: Subject) -> Iterator[Fault]:
    """A VirtualService none of whose hosts its Gateway lets in.

    The hosts of both have to meet: a Gateway with `<namespace>/<host>` lets in that namespace's VirtualServices only.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          gateways: [shop]
          http: [{route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*.example.com"]}]}
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          gateways: [shop]
          http: [{route: [{destination: {host: web}}]}]
    """
    for service, node, reference, identity in gateway_references(subject):
        gateway = subject.find(NETWORKING, "Gateway", *identity)
        hosts = [host for _, host in texts(service.spec["hosts"])]
        if gateway and hosts:
            let_in = list(_let_in(gateway, identity[0], subject.namespace_of(service)))
            if not any(overlap(host, other) for host in hosts for other in let_in):
                message = f"the Gateway {reference} lets in none of {', '.join(hosts)}"
                yield node.fault(message, manifest=service.manifest)


def _let_in(gateway: Resource, own: str, namespace: str) -> Iterator[str]:
    """The hosts of a Gateway that VirtualServices of a namespace may use."""
    for server in gateway.spec["servers"]:
        for _, host in texts(server["hosts"]):
            owner, slash, name = host.rpartition("/")
            if not slash or owner in ("*", namespace) or (owner == "." and own == namespace):
                yield name


@bundle_rule("MSH381", "error", aliases=("IST0149",))
def claims_unread(subject: Subject) -> Iterator[Fault]:
    """A route by claims of a token, at a gateway that reads no tokens.

    A RequestAuthentication for the gateway's pods, or for the whole mesh, has to read the token first; without it the
    rule never matches.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {app: edge}
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          gateways: [shop]
          http:
          - match: [{headers: {"@request.auth.claims.group": {exact: staff}}}]
            route: [{destination: {host: web}}]
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: edge, labels: {app: edge}}
        spec: {containers: [{name: istio-proxy, image: "proxy:1"}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {app: edge}
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          gateways: [shop]
          http:
          - match: [{headers: {"@request.auth.claims.group": {exact: staff}}}]
            route: [{destination: {host: web}}]
        ---
        apiVersion: security.istio.io/v1
        kind: RequestAuthentication
        metadata: {name: staff}
        spec:
          selector: {matchLabels: {app: edge}}
          jwtRules: [{issuer: "https://login.example.com"}]
    """
    claiming = {service: place for service in virtual_services(subject) if (place := _first_claim(service))}
    readers = _Readers(subject)
    for service, _, reference, identity in gateway_references(subject) if claiming else ():
        gateway = subject.find(NETWORKING, "Gateway", *identity)
        severity = _unread(subject, gateway, readers) if service in claiming and gateway else None
        if severity:
            message = f"no RequestAuthentication reads the tokens that come to {reference}, so this never matches"
            yield claiming[service].fault(message, severity=severity, at_key=True, manifest=service.manifest)


class _Readers:
    """The pods that read tokens, by RequestAuthentications."""

    def __init__(self, subject: Subject) -> None:
        policies = subject.kind(SECURITY, "RequestAuthentication")
        places = [(subject.namespace_of(policy), selector(policy).mapping) for policy in policies]
        self._pods = {pod for namespace, labels in places for pod in selected(subject, labels, namespace)}
        self._of_root = [labels for namespace, labels in places if namespace == ROOT_NAMESPACE]

    def has(self, pod: Pod) -> bool:
        return pod in self._pods

    def has_installed(self, labels: Mapping[str, Any]) -> bool:
        """Whether pods that Istio's charts make read tokens."""
        return any(is_within(wanted, labels) for wanted in self._of_root)


def _unread(subject: Subject, gateway: Resource, readers: _Readers) -> Severity | None:
    """How bad it is that some pod of a gateway reads no tokens: less if the pod is none of the objects at hand."""
    labels = gateway.spec["selector"].mapping
    pods = subject.pods_anywhere(labels)
    if pods:
        return None if all(map(readers.has, pods)) else "error"
    installed = (each for each in INSTALLED if is_within(labels, each))
    return None if all(map(readers.has_installed, installed)) else "warning"


def _first_claim(service: Resource) -> Node | None:
    for match in matches(service):
        for field in ("headers", "withoutHeaders"):
            for name, wanted in match[field].children():
                if is_claim(name):
                    return wanted
    return None
