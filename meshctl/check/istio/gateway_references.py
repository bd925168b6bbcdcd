"""VirtualServices that name Gateways, or each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from meshctl.check.finding import Fault, Severity
from meshctl.check.istio.hosts import hosts_of, visibility
from meshctl.check.istio.kinds import MESH, NETWORKING
from meshctl.check.istio.values import texts
from meshctl.check.istio.virtual_services.parts import ROUTED, gateways, is_delegate
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject
from meshctl.errors import did_you_mean


def virtual_services(subject: Subject) -> list[Resource]:
    return subject.kind(NETWORKING, "VirtualService")


def gateway_name(reference: str, namespace: str) -> tuple[str, str]:
    """Namespace and name of the Gateway that a reference in a namespace means; also in its old form with dots."""
    first, slash, name = reference.partition("/")
    if slash:
        return (namespace if first == "." else first, name)
    name, *rest = reference.split(".")
    return (rest[0] if rest else namespace, name)


def gateway_references(subject: Subject) -> Iterator[tuple[Resource, Node, str, tuple[str, str]]]:
    """Each Gateway that a VirtualService applies to: the place, the text, and namespace and name."""
    for service in virtual_services(subject):
        yield from _named(subject, service, service.spec["gateways"])


def _matched_references(subject: Subject) -> Iterator[tuple[Resource, Node, str, tuple[str, str]]]:
    """Each Gateway that a match of a VirtualService names, unless the VirtualService names it above."""
    for service in virtual_services(subject):
        above = set(gateways(service))
        for match in (match for protocol in ROUTED for rule in service.spec[protocol] for match in rule["match"]):
            named = _named(subject, service, match["gateways"])
            yield from (each for each in named if each[2] not in above)


def _named(subject: Subject, service: Resource, names: Node) -> Iterator[tuple[Resource, Node, str, tuple[str, str]]]:
    for node, reference in texts(names):
        if reference != MESH:
            yield service, node, reference, gateway_name(reference, subject.namespace_of(service))


@bundle_rule("MSH359", "error", aliases=("IST0101", "IST0132", "KIA1102"))
def unknown_gateway(subject: Subject) -> Iterator[Fault]:
    """A VirtualService for a Gateway that there is not.

    It then applies nowhere. A name without a namespace is that of a Gateway of the same namespace.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          gateways: [shpo]
          http: [{route: [{destination: {host: web}}]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [web.example.com]}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          gateways: [shop]
          http: [{route: [{destination: {host: web}}]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [web.example.com]}]}
    """
    named = {gateway.ref.name: gateway for gateway in reversed(subject.kind(NETWORKING, "Gateway"))}
    here = {subject.namespace_of(gateway) for gateway in subject.kind(NETWORKING, "Gateway")}
    certain = here | hosts_of(subject).namespaces
    for service, node, reference, (namespace, name) in chain(gateway_references(subject), _matched_references(subject)):
        own = subject.namespace_of(service)
        if subject.find(NETWORKING, "Gateway", namespace, name) or (namespace != own and namespace not in here):
            continue
        namesake = named.get(name)
        advice = f"write {subject.namespace_of(namesake)}/{name}" if namesake else did_you_mean(name, named)
        message = f"there is no Gateway {reference}" + (f" in namespace {namespace}" if "/" not in reference else "")
        severity: Severity = "error" if namespace in certain else "warning"
        yield node.fault(message, advice, severity=severity, manifest=service.manifest)


@bundle_rule("MSH369", "error")
def unknown_delegate(subject: Subject) -> Iterator[Fault]:
    """A rule that delegates to nobody.

    The VirtualService is not there, has hosts of its own, or is not exported to here: then the rule does not exist.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          http: [{match: [{uri: {prefix: /shop}}], delegate: {name: shop}}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          http: [{match: [{uri: {prefix: /shop}}], delegate: {name: shop}}]
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: shop}
        spec:
          http: [{route: [{destination: {host: shop}}]}]
    """
    here = {subject.namespace_of(each) for each in virtual_services(subject)}
    for service in virtual_services(subject):
        own = subject.namespace_of(service)
        for rule in service.spec["http"]:
            target = rule["delegate"]
            namespace = target["namespace"].text or own
            if target["name"].text and namespace in here:
                found = subject.find(NETWORKING, "VirtualService", namespace, target["name"].text)
                if message := _delegate_fault(found, target["name"].text, namespace, own):
                    yield target.fault(message, manifest=service.manifest)


def _delegate_fault(found: Resource | None, name: str, namespace: str, own: str) -> str:
    if found is None:
        return f"there is no VirtualService {name} in namespace {namespace}, so this rule does not exist"
    if not is_delegate(found):
        return f"{found} has hosts, so nobody can delegate to it"
    seen = visibility(found, namespace)
    return "" if "*" in seen or own in seen else f"{found} is not exported to namespace {own}"
