"""M1: what the old versions of workloads took for granted. M2: injection by a label, no annotation."""

from __future__ import annotations

from dataclasses import replace

from meshctl.migrate.edits import indented
from meshctl.migrate.manifests import Manifest, walk
from meshctl.migrate.rules.context import Context
from meshctl.yamlio import Node

_ON_DELETE = {("apps/v1beta1", "StatefulSet"), ("extensions/v1beta1", "DaemonSet")}
_INJECT = "sidecar.istio.io/inject"
_POD_METADATA = {
    "Pod": ("metadata",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "metadata"),
}


def defaults_of_old_apps(context: Context, manifest: Manifest) -> None:
    """M1."""
    for spec in walk(manifest, "spec"):
        _selector(context, manifest, spec)
        for gone in ("rollbackTo", "templateGeneration"):
            if entry := spec.entry(gone):
                context.edits.delete(manifest, spec, gone)
                context.edits.tell("M1", "removed", manifest, entry[0], f"spec.{gone}", "apps/v1 has no such field")
        template = spec.entry("template")
        if (manifest.api_version, manifest.kind) in _ON_DELETE and template and not spec.get("updateStrategy"):
            block, braces = "updateStrategy:\n  type: OnDelete\n", "updateStrategy: {type: OnDelete}"
            context.edits.insert_entry(manifest, spec, template[0], block, braces)
            why = "the default of the old version; that of apps/v1 is RollingUpdate"
            context.edits.tell("M1", "added", manifest, template[0], "spec.updateStrategy.type: OnDelete", why)


def _selector(context: Context, manifest: Manifest, spec: Node) -> None:
    """The old versions took the pods' labels where no selector was written."""
    template, labels = spec.entry("template"), spec.get("template", "metadata", "labels")
    if spec.get("selector") or not template:
        return
    if labels is None or labels.kind != "mapping" or not all(manifest.is_short(value) for _, value in labels.entries):
        message = f"{manifest} has neither a selector nor labels on its pods"
        context.edits.tell("M1", "refused", manifest, template[0], message, "apps/v1 wants a selector")
        return
    if manifest.has_conditions(_with_key(template[1], labels)):
        message = f"{manifest} has no selector, and some labels of its pods only sometimes"
        context.edits.tell("M1", "refused", manifest, template[0], message, "apps/v1 wants one that never changes")
        return
    body = manifest.text(labels)
    text = f"selector:\n  matchLabels: {body}\n"
    if not labels.flow:
        lines = [f"{manifest.text(key)}: {manifest.text(value)}\n" for key, value in labels.entries]
        text = "selector:\n  matchLabels:\n" + indented("".join(lines), 4)
    context.edits.insert_entry(manifest, spec, template[0], text, f"selector: {{matchLabels: {body}}}")
    why = "apps/v1 wants one; the labels of the pods were the default"
    context.edits.tell("M1", "added", manifest, template[0], f"{manifest}: spec.selector", why)


def _with_key(template: Node, labels: Node) -> Node:
    """The labels from their key on: an action may stand before the first of them."""
    metadata = template.get("metadata")
    entry = metadata.entry("labels") if metadata else None
    return replace(labels, start=entry[0].start) if entry else labels


def injection(context: Context, manifest: Manifest) -> None:
    """M2."""
    for metadata in walk(manifest, *_POD_METADATA.get(manifest.kind, ("spec", "template", "metadata"))):
        annotations = metadata.get("annotations")
        entry = annotations.entry(_INJECT) if annotations else None
        if annotations and entry:
            _move_annotation(context, manifest, metadata, annotations, entry)
    if manifest.kind != "Pod":
        for annotations in walk(manifest, "metadata", "annotations"):
            if entry := annotations.entry(_INJECT):
                message = f"{_INJECT} on a {manifest.kind} does nothing"
                context.edits.tell("M2", "look", manifest, entry[0], message, "Istio looks at the pods' labels alone")


def _move_annotation(
    context: Context, manifest: Manifest, metadata: Node, annotations: Node, entry: tuple[Node, Node]
) -> None:
    if reason := _why_by_hand(manifest, metadata, entry[1]):
        message = f"annotation {_INJECT} {reason}: make a label of it by hand"
        context.edits.tell("M2", "refused", manifest, entry[0], message, "the annotation is deprecated")
        return
    value = str(manifest.plain(entry[1])).lower() if isinstance(entry[1].value, bool) else str(manifest.plain(entry[1]))
    line = f'{_INJECT}: "{value}"'
    if len(metadata.entries) == len(annotations.entries) == 1:
        context.edits.replace(manifest, metadata.entries[0][0], "labels")
        context.edits.replace(manifest, entry[1], f'"{value}"')
    else:
        _add_label(context, manifest, metadata, line)
        emptied = len(annotations.entries) == 1
        context.edits.delete(manifest, *(metadata, "annotations") if emptied else (annotations, _INJECT))
    why = "the annotation is deprecated, and in a namespace without labels only the label is seen"
    context.edits.tell("M2", "changed", manifest, entry[0], f"annotation {line} is now a label of the pods", why)


def _why_by_hand(manifest: Manifest, metadata: Node, value: Node) -> str:
    """What keeps the annotation from being moved; empty where nothing does."""
    labels = metadata.get("labels")
    if manifest.has_conditions(metadata):
        return "is in a condition, or beside one"
    if not manifest.is_short(value):
        return "is no text of one line"
    return "has labels beside it that are no mapping" if labels and labels.kind != "mapping" else ""


def _add_label(context: Context, manifest: Manifest, metadata: Node, line: str) -> None:
    labels = metadata.get("labels")
    if labels is None:
        key = metadata.entries[0][0]
        context.edits.insert_entry(manifest, metadata, key, f"labels:\n  {line}\n", f"labels: {{{line}}}")
    elif not labels.entries:
        context.edits.replace(manifest, labels, f"{{{line}}}")
    elif labels.get(_INJECT) is None:
        last = labels.entries[-1]
        if labels.flow:
            context.edits.insert(manifest, last[1].end, f", {line}")
        else:
            context.edits.insert_after(manifest, *last, f"{line}\n")
