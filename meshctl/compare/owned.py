"""What we applied last, read back from the live object: the base for changing one thing and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from meshctl.compare.fields import Fields, applied_fields


def owned(live: Mapping[str, Any]) -> dict[str, Any] | None:
    """The manifest whose apply would change nothing: the fields that our manager owns, with their live values.

    None when we own nothing by apply. Applying it with one value changed keeps every other field, whoever owns it.
    """
    api_version = str(live.get("apiVersion", ""))
    fields = applied_fields(live, api_version)
    if fields is None:
        return None
    metadata = live["metadata"]
    body: dict[str, Any] = {"apiVersion": api_version, "kind": live["kind"], **_map(fields, live)}
    identity = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
    body["metadata"] = {**identity, **body.get("metadata", {})}
    return body


def _value(fields: Fields, live: Any) -> Any:
    """Where the fields end, the value is owned as a whole."""
    names = [name for name in fields if name != "."]
    if names and isinstance(live, Mapping):
        return _map(fields, live)
    if names and isinstance(live, list):
        return _items(names, fields, live)
    return live


def _map(fields: Fields, live: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that the server dropped because they were empty are not there to be read back."""
    return {
        name[2:]: _value(below, live[name[2:]])
        for name, below in fields.items()
        if name.startswith("f:") and name[2:] in live
    }


def _items(names: list[str], fields: Fields, live: list[Any]) -> list[Any]:
    """The items that are ours, in the live order."""
    if names[0].startswith("v:"):
        ours = [json.loads(name[2:]) for name in names]
        return [item for item in live if item in ours]
    by_keys = [(json.loads(name[2:]), fields[name]) for name in names]
    return [_value(below, item) for item in live for keys, below in by_keys if keys.items() <= item.items()]
