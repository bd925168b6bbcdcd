"""M15: what was wrong before and still is; told, and left to somebody who knows what was meant."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.migrate.edits import Edits
from meshctl.migrate.manifests import Manifest, walk
from meshctl.migrate.rules.context import Context
from meshctl.yamlio import Node

_APPS = ("Deployment", "StatefulSet", "DaemonSet")


def defects(context: Context) -> None:
    _same_names(context)
    for manifest in context.manifests:
        for check in (_name, _namespace, _untagged, _version_label, _routes):
            check(context.edits, manifest)


def _same_names(context: Context) -> None:
    first: dict[tuple[str, str, str, str], Manifest] = {}
    for manifest in context.manifests:
        if not manifest.name:
            continue
        other = first.setdefault((manifest.group, manifest.kind, manifest.namespace, manifest.name), manifest)
        if other is not manifest:
            message = f"{manifest} is also at {other.where(other.node)}"
            context.edits.tell("M15", "look", manifest, manifest.node, message, "each apply replaced the one before")


def _name(edits: Edits, manifest: Manifest) -> None:
    if manifest.kind and not manifest.name:
        edits.tell("M15", "look", manifest, manifest.node, f"this {manifest.kind} has no name", "no server takes it")


def _namespace(edits: Edits, manifest: Manifest) -> None:
    for metadata in walk(manifest, "metadata"):
        namespace = metadata.get("namespace")
        if namespace and namespace.value == "default":
            message = f"{manifest} is for namespace default"
            edits.tell("M15", "look", manifest, namespace, message, "take it out: it goes to the developer's own then")


def _untagged(edits: Edits, manifest: Manifest) -> None:
    for kind in ("initContainers", "containers"):
        for container in walk(manifest, "spec", "template", "spec", kind, "*"):
            image = container.get("image")
            name = str(manifest.plain(image) or "").rpartition("/")[2] if image else ""
            if image and name and "}}" not in name and ":" not in name and "@" not in name:
                why = "which version that is changes from pull to pull"
                edits.tell("M15", "look", manifest, image, f"image {manifest.text(image)} has no tag", why)


def _version_label(edits: Edits, manifest: Manifest) -> None:
    if manifest.kind not in _APPS:
        return
    for metadata in walk(manifest, "spec", "template", "metadata"):
        labels = metadata.get("labels")
        if labels and not labels.get("version") and not labels.get("app.kubernetes.io/version"):
            why = "Istio's subsets and telemetry go by it"
            edits.tell("M15", "look", manifest, labels, f"the pods of {manifest} have no label version", why)


def _routes(edits: Edits, manifest: Manifest) -> None:
    if manifest.kind != "VirtualService":
        return
    for rules in _rule_lists(manifest):
        last = rules[-1]
        if last.get("match"):
            why = "whatever no rule matches is answered 404"
            edits.tell("M15", "look", manifest, last, f"{manifest} has no rule without match", why)
    for route in walk(manifest, "spec", "http", "*", "route", "*"):
        weight = route.get("weight")
        if weight and weight.value == 0 and not isinstance(weight.value, bool):
            edits.tell(
                "M15",
                "look",
                manifest,
                weight,
                "a destination of weight 0",
                "it gets nothing while it has others beside it",
            )


def _rule_lists(manifest: Manifest) -> Iterator[list[Node]]:
    for spec in walk(manifest, "spec"):
        for key, value in spec.entries:
            if key.value == "http" and value.items:
                yield list(value.items)
