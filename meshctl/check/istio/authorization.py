"""Rules of an AuthorizationPolicy by itself."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.authorization_values import (
    JUDGES,
    KEYS,
    KEYS_OF_MAPS,
    is_replaced,
    key_fault,
    negated,
)
from meshctl.check.istio.kinds import AUTHORIZATION_POLICY
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import texts
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.errors import did_you_mean

_SOURCES = ("principals", "requestPrincipals", "namespaces", "ipBlocks", "remoteIpBlocks", "serviceAccounts")


_OPERATIONS = ("hosts", "ports", "methods", "paths")


_TCP_SOURCES = ("principals", "namespaces", "ipBlocks", "remoteIpBlocks", "serviceAccounts")


_NOT_FOR_CUSTOM = ("namespaces", "principals", "requestPrincipals", "serviceAccounts")
_IDENTITIES = ("source.namespace", "source.principal", "source.serviceAccount")


def both(names: tuple[str, ...]) -> tuple[str, ...]:
    return (*names, *map(negated, names))


@istio_rule("MSH346", "error", AUTHORIZATION_POLICY, aliases=("IST0106",))
def policy_action(policy: Resource) -> Iterator[Fault]:
    """An AuthorizationPolicy whose action cannot work.

    DENY and CUSTOM without rules never act; a rule `{}` is for every request. CUSTOM names its provider, and no other
    action has one. Who asks a provider has not authenticated yet, so CUSTOM knows no identities.

        # bad
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: closed}
        spec: {action: DENY}
        # good
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: closed}
        spec: {action: DENY, rules: [{}]}
    """
    action, rules, provider = policy.spec["action"].text or "ALLOW", policy.spec["rules"], policy.spec["provider"]
    if action in ("DENY", "CUSTOM") and not rules.value:
        yield policy.spec["action"].fault(f"{action} without rules never acts", "write rules: [{}] for every request")
    if action == "CUSTOM":
        if not provider["name"].text:
            yield (provider or policy.spec["action"]).fault("CUSTOM needs the name of a provider")
        for rule in rules:
            yield from _identities(rule)
    elif provider:
        yield provider.fault(f"{action} has no provider", "make the action CUSTOM", at_key=True)


def _identities(rule: Node) -> Iterator[Fault]:
    for origin in rule["from"]:
        for field in both(_NOT_FOR_CUSTOM):
            if origin["source"][field].value:
                yield origin["source"][field].fault(f"CUSTOM does not know {field}", at_key=True)
    for condition in rule["when"]:
        key = condition["key"]
        if key.text in _IDENTITIES or key.text.startswith("request.auth."):
            yield key.fault(f"CUSTOM does not know {key.text}")


@istio_rule("MSH347", "error", AUTHORIZATION_POLICY, aliases=("IST0106", "KIA0102"))
def policy_rules(policy: Resource) -> Iterator[Fault]:
    """A rule of an AuthorizationPolicy that Istio refuses.

    What is written may not be empty: lists, sources, operations, texts. Addresses, ports, templates of paths and keys
    of conditions are ones that Istio knows; labels of who is called go into the selector.

        # bad
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: office}
        spec: {rules: [{from: [{source: {ipBlocks: [10.0.0.0/33]}}]}]}
        # good
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: office}
        spec: {rules: [{from: [{source: {ipBlocks: [10.0.0.0/8]}}]}]}
    """
    for rule in policy.spec["rules"]:
        for field, inner, known in (("from", "source", _SOURCES), ("to", "operation", _OPERATIONS)):
            if rule[field].value == []:
                yield rule[field].fault(f"{field} is empty, which is refused", "leave it out for any", at_key=True)
            for entry in rule[field]:
                yield from _part(entry, inner, both(known))
        for condition in rule["when"]:
            yield from _condition(condition)


def _part(entry: Node, inner: str, known: tuple[str, ...]) -> Iterator[Fault]:
    part = entry[inner]
    if not part or not any(part[field].value for field in known):
        yield (part or entry).fault(f"{inner} is empty, which is refused")
    for field in known:
        for node, text in texts(part[field]):
            if not text:
                yield node.fault(f"an empty text among {field} is refused")
            elif (judge := JUDGES.get(field)) and (fault := judge(text)):
                yield node.fault(fault, severity="warning" if field in ("methods", "notMethods") else None)


def _condition(condition: Node) -> Iterator[Fault]:
    key = condition["key"]
    if not key.text:
        yield condition.fault("a condition needs a key")
        return
    if fault := key_fault(key.text):
        known = [] if is_replaced(key.text) else [*KEYS, *(f"{each}[…]" for each in KEYS_OF_MAPS[:2])]
        yield key.fault(fault, did_you_mean(key.text, known))
    if not condition["values"].value and not condition["notValues"].value:
        yield condition.fault(f"the condition on {key.text} has neither values nor notValues")
    judge = KEYS.get(key.text)
    for field in ("values", "notValues"):
        for node, text in texts(condition[field]):
            fault = f"an empty text among {field} is refused" if not text else judge(text) if judge else ""
            if fault:
                yield node.fault(fault)


@istio_rule("MSH348", "warning", AUTHORIZATION_POLICY, aliases=("IST0133",))
def denies_all_tcp(policy: Resource) -> Iterator[Fault]:
    """A DENY by what only HTTP has, which denies plain TCP as a whole.

    A connection that is no HTTP has no path or method that could differ, so such a rule denies every connection to
    ports of TCP. Name the ports that it is meant for.

        # bad
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: no-admin}
        spec:
          selector: {matchLabels: {app: web}}
          action: DENY
          rules: [{to: [{operation: {paths: ["/admin*"]}}]}]
        # good
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: no-admin}
        spec:
          selector: {matchLabels: {app: web}}
          action: DENY
          rules: [{to: [{operation: {ports: ["8080"], paths: ["/admin*"]}}]}]
    """
    if policy.spec["action"].text != "DENY":
        return
    for rule in policy.spec["rules"]:
        sources = [origin["source"] for origin in rule["from"] if origin["source"]]
        operations = [entry["operation"] for entry in rule["to"] if entry["operation"]]
        by_tcp = any(source[field].value for source in sources for field in both(_TCP_SOURCES))
        by_port = any(operation[field].value for operation in operations for field in ("ports", "notPorts"))
        if (operations and not by_port) or (sources and not operations and not by_tcp):
            message = "this rule has only what HTTP has, so it denies every connection of plain TCP too"
            yield rule.fault(message, 'name the ports that it is meant for: ports: ["8080"]')
