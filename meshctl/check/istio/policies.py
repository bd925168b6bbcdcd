"""Rules that kinds with a selector share, and of those that have few of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import (
    API_KINDS,
    DESTINATION_RULE,
    POLICIES,
    REQUEST_AUTHENTICATION,
    SERVICE_ENTRY,
    VIRTUAL_SERVICE,
)
from meshctl.check.istio.names import is_label
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import precision_fault, texts
from meshctl.check.resource import Resource

_TARGETS = frozenset(
    {
        ("", "Service"),
        ("core", "Service"),
        ("networking.istio.io", "ServiceEntry"),
        ("gateway.networking.k8s.io", "Gateway"),
        ("gateway.networking.k8s.io", "GatewayClass"),
    }
)
_DRY_RUN = "istio.io/dry-run"


@istio_rule("MSH328", "error", VIRTUAL_SERVICE, DESTINATION_RULE, SERVICE_ENTRY, aliases=("IST0106",))
def export_to(resource: Resource) -> Iterator[Fault]:
    """A list of namespaces that see an object, which contradicts itself.

    `exportTo` has names of namespaces, or `.` for its own, each once. `*` stands alone; `~`, nobody, is for a
    ServiceEntry. A DestinationRule for some workloads stays in its namespace.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          exportTo: ["*", other]
          http: [{route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          exportTo: [., other]
          http: [{route: [{destination: {host: web}}]}]
    """
    own, seen = resource.ref.namespace, set[str]()
    items = list(texts(resource.spec["exportTo"]))
    for node, text in items:
        namespace = own if text == "." and own else text
        if namespace in seen:
            yield node.fault(f"{text} is in the list already")
        elif text in ("*", "~") and len(items) > 1:
            yield node.fault(f"{text} stands alone", "leave the others out")
        elif text == "~" and resource.ref.kind != "ServiceEntry":
            yield node.fault("only a ServiceEntry can be exported to nobody")
        elif text not in (".", "*", "~") and not is_label(text):
            yield node.fault(f'"{text}" is no name of a namespace')
        seen.add(namespace)
    if resource.ref.kind == "DestinationRule" and resource.spec["workloadSelector"] and seen - {own, "."}:
        yield resource.spec["exportTo"].fault(
            "a DestinationRule for some workloads stays in its namespace", "write [.]"
        )


@istio_rule("MSH349", "error", REQUEST_AUTHENTICATION, aliases=("IST0106",))
def tokens(authentication: Resource) -> Iterator[Fault]:
    """A rule for tokens that Istio refuses.

    It names who issues the tokens, or where their keys are (`jwksUri`). Keys that are written out (`jwks`) are a JSON
    Web Key Set, and the timeout for fetching them is whole milliseconds.

        # bad
        apiVersion: security.istio.io/v1
        kind: RequestAuthentication
        metadata: {name: login}
        spec: {jwtRules: [{issuer: "https://login.example.com", jwks: "https://login.example.com/keys"}]}
        # good
        apiVersion: security.istio.io/v1
        kind: RequestAuthentication
        metadata: {name: login}
        spec: {jwtRules: [{issuer: "https://login.example.com", jwksUri: "https://login.example.com/keys"}]}
    """
    for rule in authentication.spec["jwtRules"]:
        keys, timeout = rule["jwks"], rule["timeout"]
        if not rule["issuer"].text and not rule["jwksUri"].text:
            yield rule.fault("it says not whose tokens it is for", "name the issuer, or the jwksUri of the keys")
        if keys.text and not _is_key_set(keys.text):
            yield keys.fault("this is no JSON Web Key Set", "for an address there is jwksUri")
        if timeout.text and (fault := precision_fault(timeout.text)):
            yield timeout.fault(fault)


def _is_key_set(text: str) -> bool:
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict) and ("keys" in found or "kty" in found)


@istio_rule("MSH350", "error", *POLICIES, DESTINATION_RULE, aliases=("IST0106", "IST0133"))
def selectors(policy: Resource) -> Iterator[Fault]:
    """A selector that selects more than it seems to, or a target that no policy can have.

    An empty selector is for the whole namespace. `targetRefs` name a Service, ServiceEntry, Gateway or GatewayClass.

        # bad
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: web}
        spec: {targetRefs: [{group: apps, kind: Deployment, name: web}], rules: [{}]}
        # good
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: web}
        spec: {targetRefs: [{kind: Service, name: web}], rules: [{}]}
    """
    selector = policy.spec["workloadSelector" if policy.ref.kind == "DestinationRule" else "selector"]
    if selector and not selector["matchLabels"].value:
        yield selector.fault("a selector without labels is for the whole namespace", "name labels", severity="warning")
    for target in (policy.spec["targetRef"], *policy.spec["targetRefs"]):
        group, kind = target["group"].text, target["kind"].text
        if kind and (group, kind) not in _TARGETS:
            shown = f"{group}/{kind}" if group else kind
            advice = "targets are of kind Service, ServiceEntry, Gateway or GatewayClass"
            yield target.fault(f"a policy has no target of kind {shown}", advice)


@istio_rule("MSH308", "error", *API_KINDS, aliases=("IST0106",))
def dry_run(resource: Resource) -> Iterator[Fault]:
    """The annotation for a dry run where there is none.

    `istio.io/dry-run` is for an AuthorizationPolicy that allows or denies, and its value is true or false.

        # bad
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: closed, annotations: {istio.io/dry-run: maybe}}
        spec: {action: DENY, rules: [{}]}
        # good
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: closed, annotations: {istio.io/dry-run: "true"}}
        spec: {action: DENY, rules: [{}]}
    """
    value = resource.annotations.get(_DRY_RUN)
    if value is None:
        return
    place = resource.metadata["annotations"][_DRY_RUN]
    if resource.ref.kind != "AuthorizationPolicy":
        yield place.fault(f"a {resource.ref.kind} has no dry run", "leave the annotation out", at_key=True)
    elif resource.spec["action"].text not in ("", "ALLOW", "DENY"):
        yield place.fault(f"{resource.spec['action'].text} has no dry run", at_key=True)
    elif str(value) not in ("true", "false", "True", "False", "TRUE", "FALSE", "t", "f", "T", "F", "1", "0"):
        yield place.fault(f'"{value}" is neither true nor false')
