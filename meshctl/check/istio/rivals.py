"""Objects that say something about one host, of which Istio follows one, or a part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from meshctl.check.finding import Fault
from meshctl.check.istio.hosts import share_a_namespace, visibility
from meshctl.check.istio.kinds import NETWORKING
from meshctl.check.istio.names import expanded
from meshctl.check.istio.values import texts
from meshctl.check.istio.virtual_services.parts import is_for_mesh
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject


class _Claim(NamedTuple):
    resource: Resource
    node: Node
    visible: frozenset[str]


@bundle_rule("MSH370", "error", aliases=("IST0109", "KIA1106"))
def two_for_one_host(subject: Subject) -> Iterator[Fault]:
    """Two VirtualServices for one host of the mesh.

    Sidecars do not merge them: the oldest owns the host, and nobody follows the other. Put all rules of a host into one
    VirtualService, or let it delegate. (At a gateway they are merged.)

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web}}]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web-timeout}
        spec:
          hosts: [web]
          http: [{timeout: 3s, route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{timeout: 3s, route: [{destination: {host: web}}]}]
    """
    by_host: dict[str, list[_Claim]] = defaultdict(list)
    for service in subject.kind(NETWORKING, "VirtualService"):
        if is_for_mesh(service):
            namespace = subject.namespace_of(service)
            for node, host in texts(service.spec["hosts"]):
                by_host[expanded(host, namespace)].append(_Claim(service, node, visibility(service, namespace)))
    for host, claims in by_host.items():
        for claim in claims:
            rival = next((each for each in claims if _are_rivals(claim, each)), None)
            if rival:
                message = f"{rival.resource} is for {host} too, and sidecars follow only the older one"
                yield claim.node.fault(message, "put the rules into one", manifest=claim.resource.manifest)


def _are_rivals(one: _Claim, other: _Claim) -> bool:
    return one.resource is not other.resource and share_a_namespace(one.visible, other.visible)


@bundle_rule("MSH371", "warning", aliases=("KIA0201",))
def two_rules_for_one_host(subject: Subject) -> Iterator[Fault]:
    """Two DestinationRules for one host, of which a policy is lost.

    Istio merges them, the oldest first: it unites the subsets, but of several policies for the host it keeps the first,
    and so of two subsets of one name. Write one DestinationRule for each host.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web-limit}
        spec: {host: web, trafficPolicy: {connectionPool: {tcp: {maxConnections: 10}}}}
        ---
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web-balance}
        spec: {host: web, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec:
          host: web
          trafficPolicy:
            connectionPool: {tcp: {maxConnections: 10}}
            loadBalancer: {simple: ROUND_ROBIN}
    """
    by_host: dict[tuple[str, str], list[Resource]] = defaultdict(list)
    for rule in subject.kind(NETWORKING, "DestinationRule"):
        namespace = subject.namespace_of(rule)
        if not rule.spec["workloadSelector"]:
            by_host[namespace, expanded(rule.spec["host"].text, namespace)].append(rule)
    for (_, host), rules in by_host.items():
        for rule in rules if len(rules) > 1 else ():
            others = [other for other in rules if other is not rule]
            yield from _lost(rule, others, host)


def _lost(rule: Resource, others: list[Resource], host: str) -> Iterator[Fault]:
    policy = rule.spec["trafficPolicy"]
    rival = next((other for other in others if other.spec["trafficPolicy"]), None)
    if policy and rival:
        message = f"{rival} has a policy for {host} too; Istio keeps that of the older one"
        yield policy.fault(message, "write one DestinationRule", at_key=True, manifest=rule.manifest)
    for subset in rule.spec["subsets"]:
        name = subset["name"].text
        for other in others:
            if any(each["name"].text == name for each in other.spec["subsets"]):
                message = f"{other} defines the subset {name} of {host} too; Istio keeps that of the older one"
                yield subset["name"].fault(message, "write one DestinationRule", manifest=rule.manifest)


@bundle_rule("MSH376", "warning", aliases=("IST0177", "KIA1211", "KIA1212"))
def two_entries_for_one_host(subject: Subject) -> Iterator[Fault]:
    """Two ServiceEntries for one port of one host.

    Istio merges them, and where their protocols differ it takes one of the two.

        # bad
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: payments}
        spec: {hosts: [api.example.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
        ---
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: payments-http}
        spec: {hosts: [api.example.com], ports: [{number: 443, name: http, protocol: HTTP}], resolution: DNS}
        # good
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: payments}
        spec: {hosts: [api.example.com], ports: [{number: 443, name: tls, protocol: TLS}], resolution: DNS}
    """
    seen: dict[tuple[str, int], list[_Claim]] = defaultdict(list)
    for entry in subject.kind(NETWORKING, "ServiceEntry"):
        visible = visibility(entry, subject.namespace_of(entry))
        for _, host in texts(entry.spec["hosts"]):
            for port in entry.spec["ports"]:
                seen[host, port["number"].number or 0].append(_Claim(entry, port, visible))
    for (host, number), claims in seen.items():
        for claim in claims if number else ():
            rival = next((each for each in claims if _are_rivals(claim, each)), None)
            if rival:
                yield _entry_fault(claim, rival, host, number)


def _entry_fault(claim: _Claim, rival: _Claim, host: str, number: int) -> Fault:
    ours, theirs = claim.node["protocol"].text.upper(), rival.node["protocol"].text.upper()
    what = f"as {theirs}, not {ours}" if ours != theirs else "too"
    return claim.node.fault(f"{rival.resource} enters port {number} of {host} {what}", manifest=claim.resource.manifest)
