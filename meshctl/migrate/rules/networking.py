"""M3 to M8: Istio's networking objects in the form of today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from meshctl.migrate.edits import indented
from meshctl.migrate.manifests import Manifest, walk
from meshctl.migrate.rules.context import Context
from meshctl.yamlio import Node

_V1_KINDS = {
    "networking.istio.io": frozenset(
        ("VirtualService", "DestinationRule", "Gateway", "ServiceEntry", "Sidecar", "WorkloadEntry", "WorkloadGroup")
    ),
    "security.istio.io": frozenset(("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")),
    "telemetry.istio.io": frozenset(("Telemetry",)),
}
_OLD_VERSIONS = ("v1alpha1", "v1alpha3", "v1beta1")
_HTTP = ("spec", "http", "*")
_HEADERS = {
    "appendHeaders": ("request", "add"),
    "appendRequestHeaders": ("request", "add"),
    "removeRequestHeaders": ("request", "remove"),
    "appendResponseHeaders": ("response", "add"),
    "removeResponseHeaders": ("response", "remove"),
}


def served_version(context: Context, manifest: Manifest) -> None:
    """M3."""
    group, _, version = manifest.api_version.rpartition("/")
    node = manifest.node.get("apiVersion")
    if node and manifest.kind in _V1_KINDS.get(group, ()) and version in _OLD_VERSIONS:
        context.edits.replace(manifest, node, f"{group}/v1")
        context.edits.tell("M3", "changed", manifest, node, f"{manifest}: {version} is now v1", "v1 is what is stored")


def old_filters(context: Context, manifest: Manifest) -> None:
    """M3: an EnvoyFilter of before 1.3 means nothing to Istio, and its filters nothing to Envoy."""
    for spec in walk(manifest, "spec"):
        for old in ("filters", "workloadLabels"):
            if manifest.kind == "EnvoyFilter" and (entry := spec.entry(old)):
                why = "write configPatches, with the filter's name and type of Envoy's API v3"
                context.edits.tell("M3", "refused", manifest, entry[0], f"{manifest}: spec.{old} was removed", why)


def fault_percentage(context: Context, manifest: Manifest) -> None:
    """M4: `percent` of an abort is pruned without a word, and a missing percentage means none at all."""
    for rule in walk(manifest, *_HTTP):
        for kind in ("delay", "abort"):
            for fault in _children(rule, "fault", kind):
                _percentage(context, manifest, fault, kind)
        for old in ("mirror_percent", "mirrorPercent"):
            _as_percentage(context, manifest, rule, old, "mirrorPercentage")


def _percentage(context: Context, manifest: Manifest, fault: Node, kind: str) -> None:
    if not fault.get("percent") and not fault.get("percentage"):
        message = f"the {kind} has no percentage, so it hits no request"
        why = "as it was on 1.2, whatever its reference said; write percentage: {value: 100} if all are meant"
        context.edits.tell("M4", "look", manifest, fault, message, why)
    _as_percentage(context, manifest, fault, "percent", "percentage")


def _as_percentage(context: Context, manifest: Manifest, mapping: Node, old: str, new: str) -> None:
    entry = mapping.entry(old)
    if entry is None:
        return
    value = manifest.text(entry[1])
    if mapping.get(new):
        context.edits.delete(manifest, mapping, old)
        context.edits.tell("M4", "removed", manifest, entry[0], f"{old}: {value}", f"{new} is there and wins")
        return
    if not _is_flat(context, manifest, "M4", entry, ("scalar",)):
        return
    _nest(context, manifest, mapping, entry, new, f"value: {value}")
    why = "the old field is no longer read"
    context.edits.tell("M4", "changed", manifest, entry[0], f"{old}: {value} is now {new}: {{value: {value}}}", why)


def _is_flat(context: Context, manifest: Manifest, rule: str, entry: tuple[Node, Node], kinds: Sequence[str]) -> bool:
    """Whether it is of one of these kinds, with nothing but short values in it; where not it stays, and is told."""
    key, value = entry
    parts = [each for each in value.walk() if each is not value or value.kind == "scalar"]
    if value.kind in kinds and all(map(manifest.is_short, parts)):
        return True
    why = "its value is of another shape than Istio took: write the field of today by hand"
    context.edits.tell(rule, "refused", manifest, key, f"{key.value} was not carried over", why)
    return False


def _nest(context: Context, manifest: Manifest, mapping: Node, entry: tuple[Node, Node], name: str, inner: str) -> None:
    """`old: 5` as `name: {inner}`, in the style of the mapping."""
    key, value = entry
    context.edits.replace(manifest, key, name)
    indent = " " * (key.column + 1)
    context.edits.replace(manifest, value, f"{{{inner}}}" if mapping.flow else f"\n{indent}{inner}")
    if not mapping.flow and manifest.masked[value.start - 1 : value.start] == " ":
        context.edits.replace(manifest, _blank_before(value), "")


def _blank_before(value: Node) -> Node:
    return Node("scalar", value.start - 1, value.start, value.line, value.column - 1)


def cors_and_headers(context: Context, manifest: Manifest) -> None:
    """M5."""
    for rule in walk(manifest, *_HTTP):
        for cors in _children(rule, "corsPolicy"):
            _origins(context, manifest, cors)
        for holder in (rule, *_items(rule, "route")):
            _headers(context, manifest, holder)
        for old in ("websocketUpgrade", "websocket_upgrade"):
            if entry := rule.entry(old):
                context.edits.delete(manifest, rule, old)
                context.edits.tell("M5", "removed", manifest, entry[0], old, "upgrades are always allowed")


def _origins(context: Context, manifest: Manifest, cors: Node) -> None:
    entry = cors.entry("allowOrigin")
    if entry is None or not _is_flat(context, manifest, "M5", entry, ("sequence",)):
        return
    context.edits.replace(manifest, entry[0], "allowOrigins")
    for item in entry[1].items:
        match = "regex: '.*'" if manifest.plain(item) == "*" else f"exact: {manifest.text(item)}"
        context.edits.replace(manifest, item, f"{{{match}}}" if entry[1].flow else match)
    message = "allowOrigin is now allowOrigins, each one exact"
    context.edits.tell("M5", "changed", manifest, entry[0], message, "the old field is no longer read")


def _headers(context: Context, manifest: Manifest, holder: Node) -> None:
    found = [(key, value) for key, value in holder.entries if key.value in _HEADERS]
    if not found:
        return
    names = ", ".join(str(key.value) for key, _ in found)
    if holder.get("headers") or holder.flow or manifest.has_conditions(holder):
        why = "there is a `headers` beside it" if holder.get("headers") else "it is in braces, or beside a condition"
        context.edits.tell("M5", "refused", manifest, found[0][0], f"{names}: write it into `headers` by hand", why)
        return
    if not all(_is_flat(context, manifest, "M5", each, _shapes_of(str(each[0].value))) for each in found):
        return
    text = "headers:\n"
    for direction in ("request", "response"):
        chosen = [(key, value) for key, value in found if _HEADERS[str(key.value)][0] == direction]
        actions = [(_HEADERS[str(key.value)][1], value) for key, value in chosen]
        if actions:
            text += f"  {direction}:\n" + "".join(_header_action(manifest, *action) for action in actions)
    first = found[0][0]
    _replace_entries(context, manifest, holder, [key for key, _ in found], text)
    message = f"{names}: now in `headers`"
    context.edits.tell("M5", "changed", manifest, first, message, "the old fields are no longer read")


def _shapes_of(name: str) -> tuple[str, ...]:
    return ("mapping", "sequence") if _HEADERS[name][1] == "remove" else ("mapping",)


def _header_action(manifest: Manifest, action: str, value: Node) -> str:
    if value.kind == "mapping" and action == "remove":
        lines = [f"- {manifest.text(key)}\n" for key, _ in value.entries]
    elif value.kind == "mapping":
        lines = [f"{manifest.text(key)}: {manifest.text(each)}\n" for key, each in value.entries]
    else:
        lines = [f"- {manifest.text(item)}\n" for item in value.items]
    return f"    {action}:\n" + indented("".join(lines), 6)


def _replace_entries(context: Context, manifest: Manifest, holder: Node, keys: list[Node], text: str) -> None:
    """The first of them becomes the text, the others go."""
    first = keys[0]
    value = next(value for key, value in holder.entries if key is first)
    body = indented(text, first.column - 1).strip()
    context.edits.replace(manifest, Node("scalar", first.start, value.end, first.line, first.column), body)
    for key in keys[1:]:
        context.edits.delete(manifest, holder, str(key.value))


def outlier_detection(context: Context, manifest: Manifest) -> None:
    """M6: what `consecutiveErrors` counted, 502 to 504 alone."""
    for policy in policies(manifest):
        for detection in _children(policy, "outlierDetection"):
            entry = detection.entry("consecutiveErrors")
            if entry is None:
                continue
            value = manifest.text(entry[1])
            if detection.get("consecutiveGatewayErrors") or detection.get("consecutive5xxErrors"):
                context.edits.delete(manifest, detection, "consecutiveErrors")
                context.edits.tell("M6", "removed", manifest, entry[0], "consecutiveErrors", "its successor is there")
                continue
            context.edits.replace(manifest, entry[0], "consecutiveGatewayErrors")
            if detection.flow:
                context.edits.insert(manifest, entry[1].end, ", consecutive5xxErrors: 0")
            else:
                context.edits.insert_after(manifest, *entry, "consecutive5xxErrors: 0\n")
            message = f"consecutiveErrors: {value} is now consecutiveGatewayErrors: {value}, consecutive5xxErrors: 0"
            why = "the old field is ignored; it counted 502, 503 and 504 alone, and Envoy would eject after five 5xx"
            context.edits.tell("M6", "changed", manifest, entry[0], message, why)


def load_balancer(context: Context, manifest: Manifest) -> None:
    """M7."""
    for policy in policies(manifest):
        for balancer in _children(policy, "loadBalancer"):
            simple = balancer.get("simple")
            if simple and simple.value == "LEAST_CONN":
                context.edits.replace(manifest, simple, "LEAST_REQUEST")
                message = "loadBalancer.simple: LEAST_CONN is now LEAST_REQUEST"
                context.edits.tell("M7", "changed", manifest, simple, message, "its name of today")
            for hashed in _children(balancer, "consistentHash"):
                _ring_size(context, manifest, hashed)
    spec = manifest.node.get("spec")
    if manifest.kind == "DestinationRule" and spec and not spec.get("trafficPolicy", "loadBalancer"):
        message = f"{manifest} names no load balancer: the default is now LEAST_REQUEST"
        why = "it was ROUND_ROBIN; write loadBalancer: {simple: ROUND_ROBIN} to keep the old spread"
        context.edits.tell("M7", "look", manifest, spec, message, why)


def _ring_size(context: Context, manifest: Manifest, hashed: Node) -> None:
    entry = hashed.entry("minimumRingSize")
    if entry and _is_flat(context, manifest, "M7", entry, ("scalar",)):
        _nest(context, manifest, hashed, entry, "ringHash", f"minimumRingSize: {manifest.text(entry[1])}")
        message = "consistentHash.minimumRingSize is now in ringHash"
        context.edits.tell("M7", "changed", manifest, entry[0], message, "the old field is deprecated")


def destination_ports(context: Context, manifest: Manifest) -> None:
    """M7: a port by its name is no longer read; the Service says its number."""
    for node in manifest.node.walk():
        destination = node.get("destination") if node.kind == "mapping" else None
        entry = destination.entry("port") if destination else None
        name = entry[1].entry("name") if entry else None
        if destination is None or entry is None or name is None:
            continue
        number = _port_number(context, str(manifest.plain(destination.get("host"))), manifest.plain(name[1]))
        if number is None:
            message = f"destination.port.name: {manifest.text(name[1])}: the field was removed"
            why = "no Service of the project says which number that is"
            context.edits.tell("M7", "refused", manifest, name[0], message, why)
            continue
        context.edits.replace(manifest, name[0], "number")
        context.edits.replace(manifest, name[1], str(number))
        message = f"destination.port.name: {manifest.text(name[1])} is now number: {number}"
        context.edits.tell("M7", "changed", manifest, name[0], message, "the field was removed")
    for match in walk(manifest, "spec", "tls", "*", "match", "*"):
        if entry := match.entry("sourceSubnet"):
            message = "tls match by sourceSubnet: the field was removed"
            context.edits.tell("M7", "refused", manifest, entry[0], message, "without it the rule would match more")


def _port_number(context: Context, host: str, name: str) -> int | None:
    for service in context.services(host):
        for port in service.entries("spec", "ports"):
            if port.get("name") == name and isinstance(port.get("port"), int):
                return int(port["port"])
    return None


def retries(context: Context, manifest: Manifest) -> None:
    """M8: which errors are retried depends on the version that the project ran on, which no file says."""
    for rule in walk(manifest, *_HTTP):
        for retry in _children(rule, "retries"):
            attempts = retry.get("attempts")
            if retry.get("retryOn") or (attempts and attempts.value == 0):
                continue
            message = "retries without retryOn: the default depends on Istio's version"
            why = 'on 1.0 it was "5xx,connect-failure,refused-stream": write that if the project ran there'
            context.edits.tell("M8", "look", manifest, retry, message, why)


def policies(manifest: Manifest) -> Iterator[Node]:
    """Every traffic policy: the host's, the subsets', the ports'."""
    tops = [*walk(manifest, "spec", "trafficPolicy"), *walk(manifest, "spec", "subsets", "*", "trafficPolicy")]
    for top in tops:
        yield top
        yield from _items(top, "portLevelSettings")


def _children(node: Node, *path: str) -> Iterator[Node]:
    nodes = [node]
    for step in path:
        nodes = [value for each in nodes for key, value in each.entries if key.value == step]
    yield from (each for each in nodes if each.kind == "mapping")


def _items(node: Node, name: str) -> Iterator[Node]:
    for key, value in node.entries:
        if key.value == name:
            yield from (item for item in value.items if item.kind == "mapping")
