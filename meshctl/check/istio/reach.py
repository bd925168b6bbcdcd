"""Rules and matches that no request gets to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import NETWORKING, VIRTUAL_SERVICE
from meshctl.check.istio.names import expanded
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import texts
from meshctl.check.istio.virtual_services.parts import ROUTED, rule_name
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject

_ANY_PATH = ({"prefix": "/"}, {"regex": ".*"}, {"prefix": ""}, {"regex": "/.*"})
_SAME = ("port", "gateways", "sourceLabels", "sourceNamespace", "ignoreUriCase", "scheme")
_BY_NAME = ("headers", "queryParams", "withoutHeaders")


def _canonical(match: Node) -> str:
    """What a match matches, without its name."""
    return json.dumps(
        {key: value for key, value in match.mapping.items() if key != "name"}, sort_keys=True, default=str
    )


def _takes_all(rule: Node) -> bool:
    """Whether no request gets past a rule of HTTP."""
    if not rule["match"].value:
        return True
    return any(_takes_any_path(match) for match in rule["match"])


def _takes_any_path(match: Node) -> bool:
    fields = {key: value for key, value in match.mapping.items() if key not in ("name", "ignoreUriCase")}
    return set(fields) == {"uri"} and fields["uri"] in _ANY_PATH


@istio_rule("MSH377", "warning", VIRTUAL_SERVICE, aliases=("IST0130",))
def unreachable_rule(service: Resource) -> Iterator[Fault]:
    """A rule that no request gets to.

    Rules are tried in their order. After one without match, or for every path, there is nothing left; nor is there for
    a rule all of whose matches are those of rules before.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - route: [{destination: {host: web}}]
          - match: [{uri: {prefix: /admin}}]
            route: [{destination: {host: admin}}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - match: [{uri: {prefix: /admin}}]
            route: [{destination: {host: admin}}]
          - route: [{destination: {host: web}}]
    """
    for protocol in ROUTED:
        seen: set[str] = set()
        last: Node | None = None
        for rule in service.spec[protocol]:
            found = [_canonical(match) for match in rule["match"]]
            if last:
                yield rule.fault(f"{rule_name(last)} before it takes every request", "put that one last")
            elif found and all(match in seen for match in found):
                yield rule["match"].fault(f"rules before {rule_name(rule)} match all that it matches", at_key=True)
            seen.update(found)
            if protocol == "http" and not rule["delegate"] and not last and _takes_all(rule):
                last = rule
            elif protocol == "tcp" and not found:
                last = last or rule


class _Prefix(NamedTuple):
    rule: Node
    match: Node
    path: str


@istio_rule("MSH378", "info", VIRTUAL_SERVICE, aliases=("IST0131",))
def match_in_vain(service: Resource) -> Iterator[Fault]:
    """A match that one before has already.

    It is the same, or its path begins with a prefix that was matched before, under the same conditions.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - match: [{uri: {prefix: /api}}]
            route: [{destination: {host: api}}]
          - match: [{uri: {prefix: /api/v2}}]
            route: [{destination: {host: api-v2}}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - match: [{uri: {prefix: /api/v2}}]
            route: [{destination: {host: api-v2}}]
          - match: [{uri: {prefix: /api}}]
            route: [{destination: {host: api}}]
    """
    for protocol in ROUTED:
        seen: dict[str, Node] = {}
        prefixes: list[_Prefix] = []
        for rule in service.spec[protocol]:
            for match in rule["match"]:
                canonical = _canonical(match)
                if canonical in seen:
                    yield match.fault(f"{rule_name(seen[canonical])} matches the same already")
                    continue
                seen[canonical] = rule
                path = match["uri"]["prefix"].text
                cover = next((each for each in prefixes if path and _covers(each, match, path)), None)
                if cover:
                    yield match["uri"].fault(f'{rule_name(cover.rule)} matches all paths below "{cover.path}" already')
                elif path:
                    prefixes.append(_Prefix(rule, match, path))


def _covers(earlier: _Prefix, match: Node, path: str) -> bool:
    """Whether all that a match with a prefix takes was taken by an earlier one."""
    if path == earlier.path or not path.startswith(earlier.path):
        return False
    first, second = earlier.match.mapping, match.mapping
    if any(first.get(field) != second.get(field) for field in _SAME if field in first):
        return False
    if not all(_implies(second.get(field), first[field]) for field in ("method", "authority") if field in first):
        return False
    return all(_all_implied(first.get(field), second.get(field)) for field in _BY_NAME)


def _all_implied(first: Any, second: Any) -> bool:
    wanted, given = (each if isinstance(each, Mapping) else {} for each in (first, second))
    return all(name in given and _implies(given[name], condition) for name, condition in wanted.items())


def _implies(narrow: Any, wide: Any) -> bool:
    """Whether every text that the first StringMatch takes is taken by the second."""
    if narrow == wide:
        return True
    if not isinstance(narrow, Mapping) or not isinstance(wide, Mapping) or "prefix" not in wide:
        return False
    text = narrow.get("exact", narrow.get("prefix", ""))
    return isinstance(text, str) and bool(text) and text.startswith(str(wide["prefix"]))


@bundle_rule("MSH380", "warning", aliases=("IST0140",))
def subsets_left_out(subject: Subject) -> Iterator[Fault]:
    """A route from a gateway to a host whose own rules use subsets.

    Those rules are for sidecars: a request from the gateway goes to all pods of the host. Name the subset in the route
    from the gateway, too.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web, subset: v1}}]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: shop}
        spec:
          hosts: [shop.example.com]
          gateways: [shop]
          http: [{route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web, subset: v1}}]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: shop}
        spec:
          hosts: [shop.example.com]
          gateways: [shop]
          http: [{route: [{destination: {host: web, subset: v1}}]}]
    """
    services = subject.kind(NETWORKING, "VirtualService")
    divided = {name: service for service in services for name in _divided(subject, service)}
    for service in services:
        if not service.spec["gateways"].value:
            continue
        for target in _http_destinations(service):
            name = expanded(target["host"].text, subject.namespace_of(service))
            owner = divided.get(name)
            if owner and owner is not service and not target["subset"].text:
                message = f"{owner} divides {target['host'].text} into subsets, but not for requests from a gateway"
                yield target.fault(message, "name the subset", manifest=service.manifest)


def _http_destinations(service: Resource) -> Iterator[Node]:
    for rule in service.spec["http"]:
        for share in rule["route"]:
            yield share["destination"]


def _divided(subject: Subject, service: Resource) -> Iterator[str]:
    """The hosts of a VirtualService that it sends to subsets of themselves."""
    namespace = subject.namespace_of(service)
    hosts = {expanded(host, namespace) for _, host in texts(service.spec["hosts"])}
    for target in _http_destinations(service):
        name = expanded(target["host"].text, namespace)
        if target["subset"].text and name in hosts:
            yield name
