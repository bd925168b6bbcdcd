"""M1: the metrics of a HorizontalPodAutoscaler in the form of autoscaling/v2."""

from __future__ import annotations

from meshctl.migrate.manifests import Manifest, walk
from meshctl.migrate.rules.conditions import Inexpressible
from meshctl.migrate.rules.context import Context
from meshctl.yamlio import Node

_TARGETS = {
    "targetAverageUtilization": ("Utilization", "averageUtilization"),
    "targetAverageValue": ("AverageValue", "averageValue"),
    "targetValue": ("Value", "value"),
    "averageValue": ("AverageValue", "averageValue"),
}
_SOURCES = ("resource", "containerResource", "pods", "object", "external")


def metrics_of_v2(context: Context, manifest: Manifest) -> None:
    """All of them or none. Raises Inexpressible."""
    metrics = list(walk(manifest, "spec", "metrics", "*"))
    if any(map(manifest.has_conditions, metrics)):
        raise Inexpressible("a metric has conditions")
    written = [
        (metric, key, _source(manifest, str(key.value), value))
        for metric in metrics
        for key, value in metric.entries
        if key.value in _SOURCES
    ]
    for metric, key, text in written:
        name = str(key.value)
        context.edits.rewrite(manifest, metric, {name: (name, text)})
        message = f"the {name} metric has its target in target"
        context.edits.tell("M1", "changed", manifest, key, message, "as autoscaling/v2 has it")


def _source(manifest: Manifest, kind: str, source: Node) -> str:
    if source.kind != "mapping":
        raise Inexpressible("a metric is no mapping")
    fields = {str(key.value): _braced(manifest, value) for key, value in source.entries}
    target = fields.pop("target", "") if kind == "object" else ""
    found = {"describedObject": target} if target else {}
    if metric := fields.pop("metricName", ""):
        selector = fields.pop("metricSelector", "") or fields.pop("selector", "")
        found["metric"] = f"{{name: {metric}{f', selector: {selector}' if selector else ''}}}"
    goals = [name for name in _TARGETS if name in fields]
    if kind == "object" and "averageValue" in goals:
        goals = ["averageValue"]  # the server took it before targetValue, which was required nevertheless
        fields.pop("targetValue", None)
    if len(goals) != 1 or "target" in fields:
        raise Inexpressible("a metric has no target, or several")
    title, name = _TARGETS[goals[0]]
    kept = {key: value for key, value in fields.items() if key != goals[0]}
    found = {**kept, **found, "target": f"{{type: {title}, {name}: {fields[goals[0]]}}}"}
    return f"{{{', '.join(f'{key}: {value}' for key, value in found.items())}}}"


def _braced(manifest: Manifest, node: Node) -> str:
    """The same value within one line."""
    if node.kind == "mapping":
        entries = (f"{manifest.text(key)}: {_braced(manifest, value)}" for key, value in node.entries)
        return f"{{{', '.join(entries)}}}"
    if node.kind == "sequence":
        return f"[{', '.join(_braced(manifest, item) for item in node.items)}]"
    if not manifest.is_short(node) or (set(manifest.text(node)) & set(",[]") and manifest.text(node)[:1] not in "\"'{"):
        raise Inexpressible("a metric has a text that braces cannot hold")
    return manifest.text(node)
