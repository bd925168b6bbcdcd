"""What older Istios took: fields and kinds that are gone, ones that are on their way out, and what they mean today."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from meshctl.check.finding import Fault
from meshctl.check.istio.destination_rules import policies
from meshctl.check.istio.kinds import API_KINDS, DESTINATION_RULE, SIDECAR, TELEMETRY_KIND, VIRTUAL_SERVICE
from meshctl.check.istio.rules import schema_faults
from meshctl.check.resource import Resource
from meshctl.check.rules import object_rule
from meshctl.yamlio import Path

_RETIRED_GROUPS = {
    "config.istio.io": "a denial is an AuthorizationPolicy today, a quota an EnvoyFilter, a log a Telemetry",
    "rbac.istio.io": "write an AuthorizationPolicy",
    "authentication.istio.io": "write a PeerAuthentication, and a RequestAuthentication for tokens",
}

_HEADERS = {
    "appendHeaders": "write headers.request.add",
    "appendRequestHeaders": "write headers.request.add",
    "removeRequestHeaders": "write headers.request.remove",
    "appendResponseHeaders": "write headers.response.add",
    "removeResponseHeaders": "write headers.response.remove",
    "websocketUpgrade": "leave it out: sidecars always upgrade",
}
_GONE: dict[tuple[str, tuple[str, ...]], str] = {
    ("VirtualService", ("fault", "abort", "percent")): "write percentage: {value: …}; without it nothing is aborted",
    ("VirtualService", ("port", "name")): "write port: {number: …}",
    ("VirtualService", ("match", "sourceSubnet")): "match by sourceLabels or sourceNamespace",
    ("VirtualService", ("match", "sourceSubnets")): "match by sourceLabels or sourceNamespace",
    ("EnvoyFilter", ("spec", "filters")): "write configPatches",
    ("EnvoyFilter", ("spec", "workloadLabels")): "write workloadSelector: {labels: …}",
    **{("VirtualService", ("http", name)): words for name, words in _HEADERS.items()},
    **{("VirtualService", ("route", name)): words for name, words in _HEADERS.items()},
}


def is_retired(group: str) -> bool:
    return group in _RETIRED_GROUPS


def stand_in(kind: str, path: Path) -> str:
    """What stands for a field that the schema does not know, as it once was one; empty for one that never was."""
    names = tuple(step for step in path if isinstance(step, str))
    return next((words for (of, end), words in _GONE.items() if of == kind and names[-len(end) :] == end), "")


@object_rule("MSH302", "error", *API_KINDS, aliases=("IST0106",))
def field_is_gone(resource: Resource) -> Iterator[Fault]:
    """A field that Istio once had.

    The API server refuses it or, if nobody asks it to be strict, drops it without a word: an abort then hits no
    request.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - fault: {abort: {httpStatus: 500, percent: 10}}
            route: [{destination: {host: web}}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - fault: {abort: {httpStatus: 500, percentage: {value: 10}}}
            route: [{destination: {host: web}}]
    """
    for fault in schema_faults(resource):
        if fault.at_key and (words := stand_in(resource.ref.kind, fault.path)):
            yield fault._replace(message=f"Istio has no field {fault.path[-1]} here any more", suggestion=words)


@object_rule("MSH303", "error", aliases=("IST0002",))
def kind_is_gone(resource: Resource) -> Iterator[Fault]:
    """A kind of Mixer or of another API that Istio has no more.

    No API server serves it any more; `meshctl migrate` translates what can be translated.

        # bad
        apiVersion: config.istio.io/v1alpha2
        kind: denier
        metadata: {name: no}
        spec: {status: {code: 7}}
        # good
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: "no"}
        spec: {action: DENY, rules: [{}]}
    """
    if words := _RETIRED_GROUPS.get(resource.ref.group, ""):
        yield resource.root["kind"].fault(f"Istio has no {resource.ref.kind} of {resource.ref.group} any more", words)


@object_rule("MSH304", "warning", VIRTUAL_SERVICE, SIDECAR, TELEMETRY_KIND, aliases=("IST0002",))
def deprecated(resource: Resource) -> Iterator[Fault]:
    """A field that Istio will drop.

    Still read today: the percentage of a delay as a whole number, the egress proxy of a Sidecar, and tracing by a
    provider of Lightstep's own kind, which speaks OpenTelemetry today.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - fault: {delay: {fixedDelay: 2s, percent: 10}}
            route: [{destination: {host: web}}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - fault: {delay: {fixedDelay: 2s, percentage: {value: 10}}}
            route: [{destination: {host: web}}]
    """
    for rule in resource.spec["http"]:
        percent = rule["fault"]["delay"]["percent"]
        if percent.number:
            yield percent.fault(
                "percent is on its way out", f"write percentage: {{value: {percent.number}}}", at_key=True
            )
    proxy = resource.spec["outboundTrafficPolicy"]["egressProxy"]
    if proxy:
        yield proxy.fault(
            "egressProxy is on its way out", "route by a VirtualService to the egress gateway", at_key=True
        )
    for tracing in resource.spec["tracing"]:
        for provider in tracing["providers"]:
            if provider["name"].text == "lightstep":
                message = "if the mesh defines this provider as lightstep, it is on its way out"
                yield provider["name"].fault(message, "define it as opentelemetry", severity="info")


class _Old(NamedTuple):
    path: tuple[str, ...]
    value: str
    message: str
    suggestion: str


_OLD_IN_RULES = (
    _Old(("mirrorPercent",), "", "mirrorPercent is the old form", "write mirrorPercentage: {value: …}"),
    _Old(("corsPolicy", "allowOrigin"), "", "allowOrigin is the old form", "write allowOrigins: [{exact: …}]"),
)
_OLD_IN_POLICIES = (
    _Old(
        ("outlierDetection", "consecutiveErrors"),
        "",
        "Istio ignores consecutiveErrors; what counts is the default of 5 consecutive 5xx",
        "write consecutiveGatewayErrors, and consecutive5xxErrors: 0 for what it once meant",
    ),
    _Old(("loadBalancer", "simple"), "LEAST_CONN", "LEAST_CONN is the old name", "write LEAST_REQUEST"),
    _Old(
        ("loadBalancer", "consistentHash", "minimumRingSize"),
        "",
        "minimumRingSize is the old form",
        "write ringHash: {minimumRingSize: …}",
    ),
)


@object_rule("MSH305", "warning", VIRTUAL_SERVICE, DESTINATION_RULE, aliases=("IST0133",))
def old_form(resource: Resource) -> Iterator[Fault]:
    """A field in its old form, which Istio reads differently today, or not at all.

    The worst of them is consecutiveErrors: it is accepted and ignored, so a circuit breaks by other rules than those
    written.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec:
          host: web
          trafficPolicy: {outlierDetection: {consecutiveErrors: 50}}
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec:
          host: web
          trafficPolicy: {outlierDetection: {consecutiveGatewayErrors: 50, consecutive5xxErrors: 0}}
    """
    for holders, table in ((resource.spec["http"], _OLD_IN_RULES), (policies(resource), _OLD_IN_POLICIES)):
        for holder in holders:
            for old in table:
                node = holder.at(*old.path)
                if node.value and (not old.value or node.value == old.value):
                    yield node.fault(old.message, old.suggestion, at_key=not old.value)


@object_rule("MSH306", "warning", VIRTUAL_SERVICE)
def inert_fault(service: Resource) -> Iterator[Fault]:
    """An injected fault without a percentage, which hits no request.

    Where no percentage is given it is 0.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - fault: {delay: {fixedDelay: 2s}}
            route: [{destination: {host: web}}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - fault: {delay: {fixedDelay: 2s, percentage: {value: 100}}}
            route: [{destination: {host: web}}]
    """
    for rule in service.spec["http"]:
        for kind in ("delay", "abort"):
            part = rule["fault"][kind]
            if part and not part["percentage"] and not part["percent"]:
                yield part.fault(f"without a percentage this {kind} hits no request", "write percentage: {value: 100}")
