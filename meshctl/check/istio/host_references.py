"""Destinations, and the hosts and ports that there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from weakref import WeakKeyDictionary

from meshctl.check.finding import Fault, Severity
from meshctl.check.istio.gateway_references import virtual_services
from meshctl.check.istio.hosts import Host, Hosts, hosts_of, visibility
from meshctl.check.istio.kinds import NETWORKING
from meshctl.check.istio.names import CLUSTER_DOMAIN, expanded, service_name
from meshctl.check.istio.virtual_services.parts import destinations
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject
from meshctl.errors import did_you_mean


def viewers(subject: Subject, service: Resource) -> frozenset[str]:
    """The namespaces whose callers follow a VirtualService; its own stands for all."""
    own = subject.namespace_of(service)
    seen = visibility(service, own)
    return frozenset({own}) if "*" in seen else seen


class Found(NamedTuple):
    """A destination of a VirtualService: with its full name, and the host that it is, if it is one."""

    service: Resource
    target: Node
    name: str
    host: Host | None


_FOUND: WeakKeyDictionary[Subject, tuple[Found, ...]] = WeakKeyDictionary()


def found_destinations(subject: Subject) -> tuple[Found, ...]:
    """Every destination of every VirtualService, looked up once."""
    if subject not in _FOUND:
        _FOUND[subject] = tuple(_find_destinations(subject))
    return _FOUND[subject]


def _find_destinations(subject: Subject) -> Iterator[Found]:
    hosts = hosts_of(subject)
    for service in virtual_services(subject):
        namespace, callers = subject.namespace_of(service), viewers(subject, service)
        for target in destinations(service):
            if target["host"].text:
                name = expanded(target["host"].text, namespace)
                yield Found(service, target, name, hosts.find(name, callers))


@bundle_rule("MSH355", "error", aliases=("IST0101", "KIA1101"))
def unknown_host(subject: Subject) -> Iterator[Fault]:
    """A destination that is no host of the mesh.

    There is no Service of that name and no ServiceEntry, or none that is exported to here: requests answer 503. A name
    without dots is a Service of the same namespace; `name.namespace` is none: write `name.namespace.svc.cluster.local`.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: wbe}}]}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web}}]}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}]}
    """
    hosts = hosts_of(subject)
    for service, target, name, host in found_destinations(subject):
        own = subject.namespace_of(service)
        severity = certainty(hosts, name, own)
        if host is None and severity and not _is_wildcard_of_cluster(name):
            message = f"no Service and no ServiceEntry is {target['host'].text}"
            advice = _near(hosts, target["host"].text, own)
            yield target["host"].fault(message, advice, severity=severity, manifest=service.manifest)


def certainty(hosts: Hosts, name: str, own: str) -> Severity | None:
    """How sure it is that a host that is not here is nowhere; None for somebody else's namespace."""
    if hosts.knows(name, own):
        return "error"
    service = service_name(name)
    return "warning" if service is None or service[0] == own else None


def _is_wildcard_of_cluster(name: str) -> bool:
    return name.startswith("*") and name.endswith((".local", "*"))


def _near(hosts: Hosts, said: str, own: str) -> str:
    if expanded(said, own) in hosts.names:
        return f"it is there, but not exported to {own}"
    name, _, namespace = said.partition(".")
    if f"{name}.{namespace}.svc.{CLUSTER_DOMAIN}" in hosts.names:
        return f"write {name}.{namespace}.svc.{CLUSTER_DOMAIN}"
    return did_you_mean(said, hosts.like(said, own))


@bundle_rule("MSH356", "error", aliases=("IST0101",))
def unknown_port(subject: Subject) -> Iterator[Fault]:
    """A destination with a port that its host does not have.

    The number is that of the Service, not of the container.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web, port: {number: 8080}}}]}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80, targetPort: 8080}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web, port: {number: 80}}}]}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80, targetPort: 8080}]}
    """
    for service, target, _, host in found_destinations(subject):
        port = target["port"]["number"]
        if host and port.number and host.ports and port.number not in host.ports:
            shown = ", ".join(map(str, host.ports))
            message = f"{target['host'].text} has no port {port.number}"
            yield port.fault(message, f"it has {shown}", manifest=service.manifest)


@bundle_rule("MSH357", "error", aliases=("IST0112",))
def port_left_open(subject: Subject) -> Iterator[Fault]:
    """A destination without a port, whose host has several.

    Requests then go to the port that the caller meant, if there is one of that number.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web}}]}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}, {name: grpc, port: 90}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web, port: {number: 80}}}]}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}, {name: grpc, port: 90}]}
    """
    for service, target, _, host in found_destinations(subject):
        if host and not target["port"] and len(host.ports) > 1:
            shown = ", ".join(map(str, host.ports))
            message = f"{target['host'].text} has several ports, and the destination names none"
            yield target.fault(message, f"name one of {shown}", manifest=service.manifest)


@bundle_rule("MSH360", "warning", aliases=("IST0174", "KIA0202"))
def rule_for_nobody(subject: Subject) -> Iterator[Fault]:
    """A DestinationRule for a host that is none of the mesh.

    There is no Service of that name and no ServiceEntry, so nobody follows it.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec: {host: wbe, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec: {host: web, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}]}
    """
    hosts = hosts_of(subject)
    for rule in subject.kind(NETWORKING, "DestinationRule"):
        node, own = rule.spec["host"], subject.namespace_of(rule)
        name = expanded(node.text, own)
        if not name or _is_wildcard_of_cluster(name) or certainty(hosts, name, own) is None:
            continue
        if hosts.find(name, (own,)) is None:
            message = f"no Service and no ServiceEntry is {node.text}, so nobody follows this rule"
            yield node.fault(message, _near(hosts, node.text, own), manifest=rule.manifest)
