"""Rules that kinds with a selector share, and of those that have few of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import (
    AUTHORIZATION_POLICY,
    DESTINATION_RULE,
    POLICIES,
    PROXY_CONFIG,
    REQUEST_AUTHENTICATION,
    SERVICE_ENTRY,
    TELEMETRY_KIND,
    VIRTUAL_SERVICE,
    WASM_PLUGIN,
)
from meshctl.check.istio.names import is_label
from meshctl.check.istio.values import precision_fault, selector_labels, texts
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import object_rule

_TARGETS = frozenset(
    {
        ("", "Service"),
        ("core", "Service"),
        ("networking.istio.io", "ServiceEntry"),
        ("gateway.networking.k8s.io", "Gateway"),
        ("gateway.networking.k8s.io", "GatewayClass"),
    }
)
_HEADER_NAME = re.compile(r"[-_A-Za-z0-9]+", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DRY_RUN = "istio.io/dry-run"


@object_rule("MSH328", "error", VIRTUAL_SERVICE, DESTINATION_RULE, SERVICE_ENTRY, aliases=("IST0106",))
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


@object_rule("MSH349", "error", REQUEST_AUTHENTICATION, aliases=("IST0106",))
def tokens(authentication: Resource) -> Iterator[Fault]:
    """A rule for tokens that Istio refuses.

    Each has an issuer and its keys: `jwks`, which is a JSON Web Key Set, or `jwksUri`, which is http or https. Names of
    audiences, headers, parameters, cookies and claims are not empty.

        # bad
        apiVersion: security.istio.io/v1
        kind: RequestAuthentication
        metadata: {name: login}
        spec: {jwtRules: [{issuer: "", jwksUri: "https://login.example.com/keys"}]}
        # good
        apiVersion: security.istio.io/v1
        kind: RequestAuthentication
        metadata: {name: login}
        spec: {jwtRules: [{issuer: "https://login.example.com", jwksUri: "https://login.example.com/keys"}]}
    """
    for rule in authentication.spec["jwtRules"]:
        if not rule["issuer"].text:
            yield (rule["issuer"] or rule).fault("a rule for tokens needs an issuer")
        for field in ("audiences", "fromParams", "fromCookies"):
            for node, text in texts(rule[field]):
                if not text:
                    yield node.fault(f"an empty text among {field} is refused")
        yield from _keys(rule)
        for place in rule["fromHeaders"]:
            if not place["name"].text:
                yield place.fault("the name of the header is missing")
        yield from _claims(rule["outputClaimToHeaders"])
        if rule["timeout"].text and (fault := precision_fault(rule["timeout"].text)):
            yield rule["timeout"].fault(fault)


def _keys(rule: Node) -> Iterator[Fault]:
    uri, keys = rule["jwksUri"], rule["jwks"]
    if uri.text and urlsplit(uri.text).scheme not in ("http", "https"):
        yield uri.fault(f'"{uri.text}" is no address of http or https')
    if keys.text and not _is_key_set(keys.text):
        yield keys.fault("this is no JSON Web Key Set")


def _is_key_set(text: str) -> bool:
    try:
        found = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict) and ("keys" in found or "kty" in found)


def _claims(claims: Node) -> Iterator[Fault]:
    for entry in claims:
        header, claim = entry["header"], entry["claim"]
        if not header.text or not claim.text:
            yield entry.fault("it needs a header and a claim")
        elif not _HEADER_NAME.fullmatch(header.text):
            yield header.fault(f'"{header.text}" is no name of a header')


@object_rule("MSH350", "error", *POLICIES, DESTINATION_RULE, aliases=("IST0106", "IST0133"))
def selectors(policy: Resource) -> Iterator[Fault]:
    """A selector, or a target, that Istio refuses or that selects more than it seems to.

    A selector has labels without wildcards; an empty one is for the whole namespace. `targetRefs` name a Service,
    ServiceEntry, Gateway or GatewayClass of the same namespace.

        # bad
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata: {name: web}
        spec: {selector: {matchLabels: {app: "web-*"}}, mtls: {mode: STRICT}}
        # good
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata: {name: web}
        spec: {selector: {matchLabels: {app: web}}, mtls: {mode: STRICT}}
    """
    selector = policy.spec["workloadSelector" if policy.ref.kind == "DestinationRule" else "selector"]
    yield from selector_labels(selector["matchLabels"])
    if selector and not selector["matchLabels"].value:
        yield selector.fault("a selector without labels is for the whole namespace", "name labels", severity="warning")
    for target in (policy.spec["targetRef"], *policy.spec["targetRefs"]):
        if not target:
            continue
        if not target["name"].text:
            yield target.fault("a target needs a name")
        if target["namespace"].text:
            yield target["namespace"].fault("a target is in the namespace of the policy", "leave it out", at_key=True)
        group, kind = target["group"].text, target["kind"].text
        if (group, kind) not in _TARGETS:
            shown = f"{group}/{kind}" if group else kind
            yield target.fault(
                f"a policy has no target of kind {shown}", "Service, ServiceEntry, Gateway or GatewayClass"
            )


@object_rule("MSH351", "error", TELEMETRY_KIND, WASM_PLUGIN, PROXY_CONFIG, aliases=("IST0106", "IST0133"))
def extensions(resource: Resource) -> Iterator[Fault]:
    """A Telemetry, WasmPlugin or ProxyConfig that Istio refuses.

    Names of providers, tags and variables are not empty, percentages go from 0 to 100, the checksum of a plugin is that
    of SHA-256, and the number of threads is not negative.

        # bad
        apiVersion: telemetry.istio.io/v1
        kind: Telemetry
        metadata: {name: default}
        spec: {tracing: [{randomSamplingPercentage: 101}]}
        # good
        apiVersion: telemetry.istio.io/v1
        kind: Telemetry
        metadata: {name: default}
        spec: {tracing: [{randomSamplingPercentage: 10}]}
    """
    judge = {"Telemetry": _telemetry, "WasmPlugin": _plugin, "ProxyConfig": _proxy}[resource.ref.kind]
    yield from judge(resource.spec)


def _telemetry(spec: Node) -> Iterator[Fault]:
    for section in ("tracing", "metrics", "accessLogging"):
        for entry in spec[section]:
            for provider in entry["providers"]:
                if not provider["name"].text:
                    yield provider.fault("a provider needs a name")
    for entry in list(spec["tracing"])[1:]:
        yield entry.fault("Istio takes only the first entry of tracing", severity="warning")
    for entry in spec["tracing"]:
        yield from _tracing(entry)
    for entry in spec["metrics"]:
        for override in entry["overrides"]:
            if override["match"]["customMetric"].value == "":
                yield override["match"]["customMetric"].fault("the name of the metric is empty")


def _tracing(entry: Node) -> Iterator[Fault]:
    sampling = entry["randomSamplingPercentage"]
    if sampling.value.__class__ in (int, float) and not 0 <= sampling.value <= 100:
        yield sampling.fault(f"{sampling.value:g} is no percentage from 0 to 100")
    if len(list(entry["providers"])) > 1:
        yield entry["providers"].fault("Istio traces to one provider only", at_key=True, severity="warning")
    for name, tag in entry["customTags"].children():
        if not name:
            yield tag.fault("the name of a tag is empty", at_key=True)
        for kind, field in (("literal", "value"), ("header", "name"), ("environment", "name")):
            if tag[kind] and not tag[kind][field].text:
                yield tag[kind].fault(f"the {field} of the tag is empty")


def _plugin(spec: Node) -> Iterator[Fault]:
    checksum = spec["sha256"]
    if checksum.text and not _SHA256.fullmatch(checksum.text):
        yield checksum.fault("a checksum of SHA-256 has 64 digits of 0-9 and a-f")
    seen: set[str] = set()
    for variable in spec["vmConfig"]["env"]:
        name = variable["name"]
        if not name.text:
            yield variable.fault("a variable needs a name")
        elif name.text in seen:
            yield name.fault(f"there are two variables {name.text}")
        seen.add(name.text)


def _proxy(spec: Node) -> Iterator[Fault]:
    if (spec["concurrency"].number or 0) < 0:
        yield spec["concurrency"].fault(f"there cannot be {spec['concurrency'].number} threads")


@object_rule("MSH308", "error", AUTHORIZATION_POLICY, VIRTUAL_SERVICE, DESTINATION_RULE, aliases=("IST0106",))
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
