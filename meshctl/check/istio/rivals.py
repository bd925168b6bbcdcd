"""Objects that say something about one host, of which Istio follows one, or a part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator
from typing import NamedTuple

from meshctl.check.finding import Fault
from meshctl.check.istio.host_index import HostIndex
from meshctl.check.istio.hosts import visibility
from meshctl.check.istio.kinds import NETWORKING
from meshctl.check.istio.names import expanded
from meshctl.check.istio.values import texts
from meshctl.check.istio.virtual_services.parts import is_for_mesh
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject

_ANYWHERE = ""  # under which every claim is found, wherever it is seen


class _Claim(NamedTuple):
    resource: Resource
    node: Node
    host: str
    visible: frozenset[str]

    @property
    def is_for_all(self) -> bool:
        return "*" in self.visible


class _Claims:
    """Who says something of what, and where that is seen."""

    def __init__(self) -> None:
        self._claims: list[tuple[Hashable, _Claim]] = []
        self._seen: dict[tuple[Hashable, str], list[_Claim]] = defaultdict(list)

    def __iter__(self) -> Iterator[tuple[Hashable, _Claim]]:
        return iter(self._claims)

    def add(self, what: Hashable, claim: _Claim) -> None:
        self._claims.append((what, claim))
        for namespace in (*claim.visible, _ANYWHERE):
            self._seen[what, namespace].append(claim)

    def rival(self, what: Hashable, claim: _Claim) -> _Claim | None:
        """The first claim of another object to the same that is seen where this one is seen."""
        places = (_ANYWHERE,) if claim.is_for_all else (*sorted(claim.visible), "*")
        others = (each for place in places for each in self._seen.get((what, place), ()))
        return next((each for each in others if each.resource is not claim.resource), None)


@bundle_rule("MSH370", "error", aliases=("IST0109", "KIA1106"))
def two_for_one_host(subject: Subject) -> Iterator[Fault]:
    """Two VirtualServices for one host of the mesh.

    Sidecars do not merge them: the oldest owns the host, and nobody follows the other. Put all rules of a host into one
    VirtualService, or let it delegate. (At a gateway they are merged.) Where one is for all namespaces, and one of some
    has a part of its hosts, that is a warning: there the more exact host counts.

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
    claims = _Claims()
    for service in subject.kind(NETWORKING, "VirtualService"):
        if is_for_mesh(service):
            namespace = subject.namespace_of(service)
            for node, said in texts(service.spec["hosts"]):
                host = expanded(said, namespace)
                claims.add(host, _Claim(service, node, host, visibility(service, namespace)))
    similar = _Similar(claims)
    for what, claim in claims:
        if rival := claims.rival(what, claim):
            message = f"{rival.resource} is for {claim.host} too, and sidecars follow only the older one"
            yield claim.node.fault(message, "put the rules into one", manifest=claim.resource.manifest)
        elif rival := similar.rival(claim):
            message = f"{rival.resource} is for {rival.host} too; who sees both follows the more exact one"
            advice = "put the rules into one, or export both alike"
            yield claim.node.fault(message, advice, severity="warning", manifest=claim.resource.manifest)


class _Similar:
    """Claims to hosts that overlap, where one is for all namespaces and the other for some."""

    def __init__(self, claims: _Claims) -> None:
        self._of_all: HostIndex[_Claim] = HostIndex()
        self._of_some: HostIndex[_Claim] = HostIndex()
        for _, claim in claims:
            (self._of_all if claim.is_for_all else self._of_some).add(claim.host, claim)

    def rival(self, claim: _Claim) -> _Claim | None:
        others = (self._of_some if claim.is_for_all else self._of_all).overlapping(claim.host)
        return next((other for _, other in others if other.resource is not claim.resource), None)


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
    claims = _Claims()
    for entry in subject.kind(NETWORKING, "ServiceEntry"):
        visible = visibility(entry, subject.namespace_of(entry))
        for _, host in texts(entry.spec["hosts"]):
            for port in entry.spec["ports"]:
                if port["number"].number:
                    claims.add((host, port["number"].number), _Claim(entry, port, host, visible))
    for what, claim in claims:
        if rival := claims.rival(what, claim):
            yield _entry_fault(claim, rival)


def _entry_fault(claim: _Claim, rival: _Claim) -> Fault:
    ours, theirs = (each.node["protocol"].text.upper() or "TCP" for each in (claim, rival))
    what = f"as {theirs}, not {ours}" if ours != theirs else "too"
    message = f"{rival.resource} enters port {claim.node['number'].value} of {claim.host} {what}"
    return claim.node.fault(message, manifest=claim.resource.manifest)
