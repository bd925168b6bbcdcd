"""Rules of an EnvoyFilter."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import ENVOY_FILTER, NETWORKING
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import regex_fault, workload_selector
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject

_MANAGER = "envoy.filters.network.http_connection_manager"
_OBJECTS = {
    "listener": ("LISTENER", "FILTER_CHAIN", "NETWORK_FILTER", "HTTP_FILTER", "LISTENER_FILTER"),
    "routeConfiguration": ("ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE"),
    "cluster": ("CLUSTER",),
}
_MATCH_OF = {applied: field for field, applies in _OBJECTS.items() for applied in applies}
_OLD_NAMES = {
    "envoy.buffer": "envoy.filters.http.buffer",
    "envoy.cors": "envoy.filters.http.cors",
    "envoy.echo": "envoy.filters.network.echo",
    "envoy.ext_authz": "envoy.filters.http.ext_authz",
    "envoy.fault": "envoy.filters.http.fault",
    "envoy.grpc_http1_bridge": "envoy.filters.http.grpc_http1_bridge",
    "envoy.grpc_json_transcoder": "envoy.filters.http.grpc_json_transcoder",
    "envoy.grpc_web": "envoy.filters.http.grpc_web",
    "envoy.gzip": "envoy.filters.http.gzip",
    "envoy.health_check": "envoy.filters.http.health_check",
    "envoy.http_connection_manager": _MANAGER,
    "envoy.listener.http_inspector": "envoy.filters.listener.http_inspector",
    "envoy.listener.original_dst": "envoy.filters.listener.original_dst",
    "envoy.listener.original_src": "envoy.filters.listener.original_src",
    "envoy.listener.proxy_protocol": "envoy.filters.listener.proxy_protocol",
    "envoy.listener.tls_inspector": "envoy.filters.listener.tls_inspector",
    "envoy.lua": "envoy.filters.http.lua",
    "envoy.mongo_proxy": "envoy.filters.network.mongo_proxy",
    "envoy.rate_limit": "envoy.filters.http.ratelimit",
    "envoy.ratelimit": "envoy.filters.network.ratelimit",
    "envoy.redis_proxy": "envoy.filters.network.redis_proxy",
    "envoy.router": "envoy.filters.http.router",
    "envoy.tcp_proxy": "envoy.filters.network.tcp_proxy",
}
_FILTERS = ("NETWORK_FILTER", "HTTP_FILTER", "LISTENER_FILTER")
_CONFIGS = ("typed_config", "typedConfig", "config_discovery", "configDiscovery")
_NOT_OF_WAYPOINTS = ("LISTENER", "LISTENER_FILTER", "BOOTSTRAP", "EXTENSION_CONFIG")
_PARTS_OF_WAYPOINTS = {
    "filter": ("FILTER_CHAIN", "NETWORK_FILTER", "HTTP_FILTER"),
    "route": ("ROUTE_CONFIGURATION", "VIRTUAL_HOST", "HTTP_ROUTE"),
}
_RELATIVE = ("INSERT_BEFORE", "INSERT_AFTER", "REPLACE", "REMOVE")
_OF_ROUTES = ("ROUTE_CONFIGURATION", "HTTP_ROUTE")
_REPLACEABLE = ("HTTP_FILTER", "NETWORK_FILTER", "VIRTUAL_HOST", "LISTENER_FILTER")


@istio_rule("MSH352", "error", ENVOY_FILTER, aliases=("IST0106", "IST0133"))
def patches(envoy_filter: Resource) -> Iterator[Fault]:
    """A patch of Envoy's configuration that Istio refuses.

    It says to what it applies, its operation and, unless it removes, a value. What it matches fits what it applies to:
    a listener for filters, a routeConfiguration for routes, a cluster for clusters. Types are those of Envoy's v3 API,
    and a filter says its type in typed_config. A waypoint has filters, routes and clusters to patch, nothing else.

        # bad
        apiVersion: networking.istio.io/v1alpha3
        kind: EnvoyFilter
        metadata: {name: limit}
        spec:
          priority: 10
          configPatches:
          - applyTo: CLUSTER
            match: {listener: {portNumber: 80}}
            patch: {operation: MERGE, value: {connect_timeout: 1s}}
        # good
        apiVersion: networking.istio.io/v1alpha3
        kind: EnvoyFilter
        metadata: {name: limit}
        spec:
          priority: 10
          configPatches:
          - applyTo: CLUSTER
            match: {cluster: {service: web}}
            patch: {operation: MERGE, value: {connect_timeout: 1s}}
    """
    yield from workload_selector(envoy_filter.spec["workloadSelector"])
    for entry in envoy_filter.spec["configPatches"]:
        yield from _patch(entry)


def _patch(entry: Node) -> Iterator[Fault]:
    applies, operation = entry["applyTo"], entry["patch"]["operation"]
    if applies.text in ("", "INVALID"):
        yield entry.fault("a patch needs applyTo")
    if not entry["patch"]:
        yield entry.fault("there is no patch here")
    elif operation.text in ("", "INVALID"):
        yield entry["patch"].fault("a patch needs an operation")
    elif operation.text != "REMOVE" and not entry["patch"]["value"]:
        yield entry["patch"].fault(f"{operation.text} needs a value")
    version = entry["match"]["proxy"]["proxyVersion"]
    if version.text and (fault := regex_fault(version.text)):
        yield version.fault(fault)
    yield from _match(entry["match"], applies.text)
    if entry["match"]["context"].text == "WAYPOINT":
        yield from _waypoint(entry, applies)
    yield from _value(entry["patch"]["value"], applies.text)


def _waypoint(entry: Node, applies: Node) -> Iterator[Fault]:
    if applies.text in _NOT_OF_WAYPOINTS:
        yield applies.fault(f"a waypoint has no {applies.text} to patch")
        return
    wanted = entry["match"]["waypoint"]
    network, inner = wanted["filter"], wanted["filter"]["subFilter"]
    for part, kinds in _PARTS_OF_WAYPOINTS.items():
        if wanted[part] and applies.text not in kinds:
            yield wanted[part].fault(f"{applies.text} of a waypoint is not matched by a {part}", at_key=True)
    if applies.text != "HTTP_FILTER" or not wanted:
        return
    if network["name"].text != _MANAGER:
        yield (network["name"] or network or wanted).fault(f"HTTP_FILTER of a waypoint is one of {_MANAGER}")
    elif not inner["name"].text:
        yield network.fault("HTTP_FILTER of a waypoint is matched by the name of a subFilter")


def _value(value: Node, applies: str) -> Iterator[Fault]:
    name = value["name"]
    if name and name.value.__class__ is not str:
        yield name.fault("the name is no text", "write it in quotes")
    elif name and applies in _FILTERS and not any(value[field] for field in _CONFIGS):
        message = f"Envoy does not know {name.text} by its name alone"
        yield value.fault(message, "write its typed_config with @type", severity="warning")
    yield from _types(value)


def _match(match: Node, applies: str) -> Iterator[Fault]:
    wanted = _MATCH_OF.get(applies)
    for field in _OBJECTS:
        if wanted and field != wanted and match[field]:
            yield match[field].fault(f"{applies} is matched by {wanted}, not by {field}", at_key=True)
    network = match["listener"]["filterChain"]["filter"]
    if not network or wanted != "listener":
        return
    inner = network["subFilter"]
    if applies in ("LISTENER", "FILTER_CHAIN"):
        yield network.fault(f"{applies} is not matched by a filter", at_key=True, severity="warning")
    if not network["name"].text:
        yield network.fault("a filter is matched by its name")
    if inner:
        yield from _inner(inner, network, applies)
    for name in (network["name"], inner["name"]):
        if name.text in _OLD_NAMES:
            yield name.fault(f"{name.text} is called {_OLD_NAMES[name.text]} today", severity="warning")


def _inner(inner: Node, network: Node, applies: str) -> Iterator[Fault]:
    if applies != "HTTP_FILTER":
        yield inner.fault("subFilter is for HTTP_FILTER only", at_key=True)
    elif network["name"].text not in (_MANAGER, "envoy.http_connection_manager"):
        yield network["name"].fault(f"a subFilter is one of {_MANAGER}")
    elif not inner["name"].text:
        yield inner.fault("a subFilter is matched by its name")


def _types(value: Node) -> Iterator[Fault]:
    """Type URLs of Envoy's v2 API anywhere in a value."""
    type_url = value["@type"]
    if ".v2." in type_url.text or type_url.text.startswith("type.googleapis.com/envoy.config.filter."):
        yield type_url.fault(f"{type_url.text} is of Envoy's v2 API, which is gone", "name the type of v3")
    for _, inner in value.children():
        yield from _types(inner)
        for item in inner:
            yield from _types(item)


@istio_rule("MSH354", "error", ENVOY_FILTER, aliases=("IST0152", "IST0153", "IST0154"))
def operation_without_effect(envoy_filter: Resource) -> Iterator[Fault]:
    """An operation that Istio ignores for what it applies to.

    REPLACE works on filters and virtual hosts; nothing can be added to, or removed from, routes and their
    configuration, which can be merged into.

        # bad
        apiVersion: networking.istio.io/v1alpha3
        kind: EnvoyFilter
        metadata: {name: routes}
        spec:
          configPatches: [{applyTo: HTTP_ROUTE, patch: {operation: ADD, value: {name: extra}}}]
        # good
        apiVersion: networking.istio.io/v1alpha3
        kind: EnvoyFilter
        metadata: {name: routes}
        spec:
          configPatches: [{applyTo: HTTP_ROUTE, patch: {operation: MERGE, value: {route: {timeout: 3s}}}}]
    """
    for entry in envoy_filter.spec["configPatches"]:
        applies, operation = entry["applyTo"].text, entry["patch"]["operation"]
        useless = operation.text in ("ADD", "REMOVE") and applies in _OF_ROUTES
        if useless or (operation.text == "REPLACE" and applies and applies not in _REPLACEABLE):
            advice = "use MERGE" if operation.text != "REMOVE" else ""
            yield operation.fault(f"Istio ignores {operation.text} for {applies}", advice)


@bundle_rule("MSH353", "warning", aliases=("IST0151", "IST0155"))
def order_of_patches(subject: Subject) -> Iterator[Fault]:
    """A patch that depends on the order of patches, in an EnvoyFilter without priority.

    INSERT_BEFORE, INSERT_AFTER, REPLACE and REMOVE go by what other patches have left, and without `priority` the order
    is that in which the objects were made. A patch for one proxyVersion of the same filter makes that likely to change.

        # bad
        apiVersion: networking.istio.io/v1alpha3
        kind: EnvoyFilter
        metadata: {name: lua}
        spec:
          configPatches:
          - applyTo: HTTP_FILTER
            patch:
              operation: INSERT_BEFORE
              value:
                name: envoy.filters.http.lua
                typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua}
        # good
        apiVersion: networking.istio.io/v1alpha3
        kind: EnvoyFilter
        metadata: {name: lua}
        spec:
          priority: 10
          configPatches:
          - applyTo: HTTP_FILTER
            patch:
              operation: INSERT_BEFORE
              value:
                name: envoy.filters.http.lua
                typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua}
    """
    versioned: set[str] = set()
    for envoy_filter in subject.kind(NETWORKING, "EnvoyFilter"):
        for entry in envoy_filter.spec["configPatches"]:
            name = _filter_name(entry)
            if not envoy_filter.spec["priority"].number and _is_relative(entry):
                operation = entry["patch"]["operation"]
                other = ", and another patch of that filter is for one proxyVersion" if name in versioned else ""
                message = f"what {operation.text} meets depends on the age of other EnvoyFilters{other}"
                yield operation.fault(message, "set priority", manifest=envoy_filter.manifest)
            if entry["match"]["proxy"]["proxyVersion"].text:
                versioned.add(name)


def _is_relative(entry: Node) -> bool:
    operation, applies = entry["patch"]["operation"].text, entry["applyTo"].text
    if operation == "REMOVE":
        return applies not in _OF_ROUTES
    if operation == "REPLACE":
        return applies in _REPLACEABLE
    return operation in _RELATIVE


def _filter_name(entry: Node) -> str:
    return entry["patch"]["value"]["name"].text or entry["match"]["listener"]["filterChain"]["filter"]["name"].text
