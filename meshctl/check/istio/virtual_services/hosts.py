"""For whom a VirtualService speaks, and where."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import VIRTUAL_SERVICE
from meshctl.check.istio.names import full_name_fault, host_fault, is_ip, is_label, overlap
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import texts
from meshctl.check.istio.virtual_services.parts import ROUTED, is_delegate, is_for_mesh, rule_name
from meshctl.check.node import Node
from meshctl.check.resource import Resource


@istio_rule("MSH310", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
def hosts(service: Resource) -> Iterator[Fault]:
    """A host of a VirtualService that Istio refuses.

    Hosts are DNS names that may begin with a wildcard, or addresses. The sidecars of the mesh take no bare `*`, and no
    two hosts of one VirtualService may mean the same.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: ["*"]
          http: [{route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web}}]}]
    """
    seen: list[str] = []
    for node, host in texts(service.spec["hosts"]):
        if not is_ip(host) and not host.startswith("outbound_.") and (fault := host_fault(host)):
            yield node.fault(fault)
        elif host == "*" and is_for_mesh(service):
            yield node.fault(
                "the sidecars of the mesh take no host *", "name the hosts, or the gateways that it is for"
            )
        elif same := next((other for other in seen if overlap(host, other)), ""):
            yield node.fault(f'the hosts "{same}" and "{host}" mean the same')
        seen.append(host)


@istio_rule("MSH311", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
def delegates(service: Resource) -> Iterator[Fault]:
    """A VirtualService that delegates, or is delegated to, says too much.

    One without hosts is there for others to delegate to: it has HTTP rules alone, and delegates no further. A rule that
    delegates leaves route and redirect to the other one.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: shop-rules}
        spec:
          gateways: [shop]
          http: [{route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: shop-rules}
        spec:
          http: [{route: [{destination: {host: web}}]}]
    """
    delegate = is_delegate(service)
    for field in ("gateways", "tls", "tcp") if delegate else ():
        if service.spec[field].value:
            yield service.spec[field].fault(f"without hosts it is a delegate, which has no {field}", at_key=True)
    for rule in service.spec["http"]:
        if rule["delegate"]:
            yield from _delegation(rule, inner=delegate)


def _delegation(rule: Node, *, inner: bool) -> Iterator[Fault]:
    if inner:
        yield rule["delegate"].fault("a delegate cannot delegate further", at_key=True)
        return
    for field in ("route", "redirect"):
        if rule[field]:
            yield rule[field].fault(f"{rule_name(rule)} delegates, so it has no {field} of its own", at_key=True)


@istio_rule("MSH312", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
def action(service: Resource) -> Iterator[Fault]:
    """A rule that says not, or more than once, what is to happen.

    A rule has one of route, redirect and directResponse. Faults and rewrites belong to a route, and a rule mirrors by
    `mirror` or by `mirrors`.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{redirect: {uri: /new}, route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{redirect: {uri: /new}}]
    """
    if not any(service.spec[protocol].value for protocol in ROUTED):
        yield service.spec.fault("it routes nothing: http, tls and tcp are empty", at_key=True)
    for rule in service.spec["http"]:
        if rule["mirror"] and rule["mirrors"].value:
            yield rule["mirror"].fault(f"{rule_name(rule)} has mirror and mirrors; keep one", at_key=True)
        if not rule["delegate"] or is_delegate(service):
            yield from _actions(rule)


def _actions(rule: Node) -> Iterator[Fault]:
    given = [name for name in ("route", "redirect", "directResponse") if rule[name] and rule[name].value != []]
    if not given:
        yield rule.fault(f"{rule_name(rule)} does nothing", "give it a route, a redirect or a directResponse")
    if len(given) > 1:
        message = f"{rule_name(rule)} has {given[0]} and {given[1]}; keep one"
        yield rule[given[1]].fault(message, at_key=True)
    for field in ("fault", "rewrite") if given and given[0] != "route" else ():
        if rule[field]:
            yield rule[field].fault(f"{field} has no place beside {given[0]}", at_key=True)


@istio_rule("MSH329", "error", VIRTUAL_SERVICE, aliases=("IST0106", "IST0133", "KIA1108"))
def gateway_reference(service: Resource) -> Iterator[Fault]:
    """A reference to a Gateway that is written wrongly.

    It is the Gateway's name, in another namespace `<namespace>/<name>`. The old form with dots is still read, but will
    not always be.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          gateways: [shop.istio-system.svc.cluster.local]
          http: [{route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          gateways: [istio-system/shop]
          http: [{route: [{destination: {host: web}}]}]
    """
    lists = [service.spec["gateways"]]
    for protocol in ROUTED:
        lists += [match["gateways"] for rule in service.spec[protocol] for match in rule["match"]]
    for references in lists:
        for node, reference in texts(references):
            yield from _reference(node, reference)


def _reference(node: Node, reference: str) -> Iterator[Fault]:
    namespace, slash, name = reference.partition("/")
    if slash:
        for part in (namespace, name):
            if not is_label(part) and part != ".":
                yield node.fault(f'"{part}" in "{reference}" is no DNS label', "write <namespace>/<name>")
    elif fault := full_name_fault(reference):
        yield node.fault(fault)
    elif "." in reference:
        name, namespace, *_ = reference.split(".")
        message = f'"{reference}" is the old form of a reference to a Gateway'
        yield node.fault(message, f'write "{namespace}/{name}"', severity="warning")
