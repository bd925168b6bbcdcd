"""Objects in what a YAML document says: those of a List one by one, and what keeps a value from being one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from meshctl.manifest.kinds import groups_of

Path = tuple[str | int, ...]


class Fault(NamedTuple):
    """What is wrong with the value at `path` of a body."""

    message: str
    path: Path
    suggestion: str = ""


def unpacked(body: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The object itself, or the items of a List; those of a ConfigMapList need not say what they are."""
    kind = str(body.get("kind") or "") if isinstance(body, dict) else ""
    items = body.get("items") if kind.endswith("List") else None
    if kind == "List" and items is None:
        return  # what a loop over nothing renders
    if not isinstance(items, list):
        yield path, body
        return
    for index, item in enumerate(items):
        said = {} if kind == "List" else {"apiVersion": body.get("apiVersion"), "kind": kind.removesuffix("List")}
        yield from unpacked({**said, **item} if isinstance(item, dict) else item, (*path, "items", index))


def object_faults(body: Any) -> Iterator[Fault]:
    """What keeps a value from being an object that can be applied: no kind, no name, metadata of another form."""
    if not isinstance(body, dict):
        what = "a list" if isinstance(body, list) else f"the value {body!r}"
        yield Fault(f"{what} where an object was expected", (), "separate objects by ---")
        return
    for key in ("apiVersion", "kind"):
        if not (isinstance(body.get(key), str) and body[key]):
            groups = groups_of(str(body.get("kind"))) if key == "apiVersion" else []
            advice = f"{body['kind']} is in {' or '.join(groups)}" if groups else ""
            yield Fault(f"an object without {key}", (key,), advice)
    yield from _faults_of_metadata(body)


def _faults_of_metadata(body: dict[str, Any]) -> Iterator[Fault]:
    metadata = body.get("metadata") or {}
    kind = body.get("kind") or "object"
    if not isinstance(metadata, dict):
        yield Fault(f"the metadata of this {kind} is no mapping", ("metadata",))
        return
    name = metadata.get("name")
    if metadata.get("generateName") and not name:
        advice = "give it a name: with generateName each run would make another one"
        yield Fault(f"this {kind} has generateName and no name", ("metadata", "generateName"), advice)
    elif name is None or name == "":
        yield Fault(f"a {kind} without metadata.name", ("metadata", "name"))
    elif not isinstance(name, str):
        yield Fault(f"the name of this {kind} is {name!r}, no text", ("metadata", "name"), "quote it")
    if not isinstance(metadata.get("namespace", ""), str | None):
        yield Fault(f"the namespace of this {kind} is no text", ("metadata", "namespace"), "quote it")
    if not isinstance(metadata.get("labels", {}), dict | None):
        yield Fault(f"the labels of this {kind} are no mapping", ("metadata", "labels"))
