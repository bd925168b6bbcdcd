"""Would a server-side apply of this manifest change anything? Answered from `managedFields`, without asking.

`managedFields` has, for our manager, exactly the fields of the last manifest that we applied (KEP-555). Whoever else
changes one of them takes it out of our set. So the live object is as wanted when our set is the manifest's own set
and each value is the manifest's, in the spelling of the server. Where this cannot be told, the answer is a
difference: then it is applied, and the server decides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from meshctl.compare.builtin import (
    KEY_DEFAULTS,
    is_builtin,
    is_default,
    is_dropped_when_empty,
    is_quantity,
    limits_as_kept,
)
from meshctl.compare.canonical import canonical
from meshctl.compare.quantity import same_quantity
from meshctl.manifest import MANAGED_BY

Path = tuple[str, ...]
Fields = Mapping[str, Any]  # FieldsV1: "f:name" a field, 'k:{"name":"x"}' an item by its keys, "v:1" an item by value

_ABSENT = object()
_WHOLE = re.compile(r"[sS]elector$|Ref$|^target$")


def as_wanted(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Whether applying `wanted` over `live` would change nothing. Never asks; in doubt the answer is no."""
    return next(differences(wanted, live), None) is None


def differences(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> Iterator[Path]:
    """The paths at which an apply may change something: another value, a field not owned yet, or no longer wanted."""
    api_version = str(wanted.get("apiVersion", ""))
    fields = applied_fields(live, api_version)
    if fields is None:
        yield ()
        return
    yield from _Walk(builtin=is_builtin(api_version)).map(_ownable(canonical(wanted)), fields, live, ())


def applied_fields(live: Mapping[str, Any], api_version: str) -> Fields | None:
    """What our manager owns by apply in this version of the API; None when that is nothing, or not the whole truth."""
    entries = [
        entry
        for entry in live.get("metadata", {}).get("managedFields") or ()
        if entry.get("manager") == MANAGED_BY and entry.get("operation") == "Apply" and not entry.get("subresource")
    ]
    if len(entries) != 1 or entries[0].get("apiVersion") != api_version:
        return None
    return entries[0].get("fieldsV1") or {}


def _ownable(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body without its identity, which nobody owns."""
    kept = {key: value for key, value in body.items() if key not in ("apiVersion", "kind", "metadata")}
    metadata = {key: value for key, value in body["metadata"].items() if key not in ("name", "namespace")}
    if body.get("kind") == "LimitRange" and isinstance(limits := kept.get("spec", {}).get("limits"), list):
        kept["spec"] = {**kept["spec"], "limits": limits_as_kept(limits)}
    return {**kept, "metadata": metadata} if metadata else kept


class _Walk:
    """`builtin` kinds come back decoded: quantities in normal form, zeros dropped, defaults filled in."""

    def __init__(self, *, builtin: bool) -> None:
        self._builtin = builtin

    def _owned(self, wanted: Any, fields: Fields, live: Any, path: Path) -> Iterator[Path]:
        if not fields:
            if not (self._empty(wanted, live, path) or self._same(wanted, live, path)):
                yield path
        elif isinstance(wanted, Mapping) and isinstance(live, Mapping):
            yield from self.map(wanted, fields, live, path)
        elif isinstance(wanted, list) and isinstance(live, list):
            yield from self._list(wanted, fields, live, path)
        else:
            yield path

    def map(self, wanted: Mapping[str, Any], fields: Fields, live: Mapping[str, Any], path: Path) -> Iterator[Path]:
        for key, value in wanted.items():
            here = (*path, key)
            below = fields.get(f"f:{key}")
            if below is not None:
                yield from self._owned(value, below, live.get(key, _ABSENT), here)
            elif not self._is_nothing(value, live.get(key)):
                yield here
        yield from ((*path, name[2:]) for name in fields if name[2:] not in wanted and name[2:] in live)

    def _is_nothing(self, wanted: Any, live: Any) -> bool:
        """An empty list whose items would be owned one by one is owned by nobody, and kept nowhere."""
        return self._builtin and wanted == [] and not live

    def _list(self, wanted: list[Any], fields: Fields, live: list[Any], path: Path) -> Iterator[Path]:
        names = [name for name in fields if name != "."]
        if all(name.startswith("k:") for name in names):
            yield from self._keyed(wanted, {_keys(name): fields[name] for name in names}, live, path)
        elif {f"v:{json.dumps(item)}" for item in wanted} != set(names) or any(item not in live for item in wanted):
            yield path

    def _keyed(self, wanted: list[Any], fields: Mapping[Keys, Fields], live: list[Any], path: Path) -> Iterator[Path]:
        """Items are matched by their keys; their order among themselves counts, others' items between them do not."""
        names = [name for name, _ in next(iter(fields))]
        ours, theirs = _index(wanted, names), _index(live, names)
        same_order = list(ours) == [key for key in theirs if key in ours]
        if len(ours) != len(wanted) or ours.keys() != fields.keys() or not same_order:
            yield path
            return
        for key, item in ours.items():
            yield from self._owned(item, fields[key], theirs[key], (*path, _label(key)))

    def _empty(self, wanted: Any, live: Any, path: Path) -> bool:
        """An empty map that was dropped, or that others filled; but selectors and references are owned as a whole."""
        if wanted != {} or not self._builtin:
            return False
        return live is _ABSENT or (isinstance(live, Mapping) and not _WHOLE.search(path[-1]))

    def _same(self, wanted: Any, live: Any, path: Path) -> bool:
        """The same value, where it is owned as a whole."""
        if live is _ABSENT or (live is None and self._builtin):
            return wanted is None or (self._builtin and not wanted and (wanted != {} or is_dropped_when_empty(path)))
        if isinstance(wanted, Mapping) and isinstance(live, Mapping):
            return self._same_map(wanted, live, path)
        if isinstance(wanted, list) and isinstance(live, list):
            return len(wanted) == len(live) and all(map(self._same, wanted, live, [path] * len(wanted)))
        if isinstance(wanted, bool) is not isinstance(live, bool):
            return False
        return bool(wanted == live) or (self._builtin and is_quantity(path) and same_quantity(wanted, live))

    def _same_map(self, wanted: Mapping[str, Any], live: Mapping[str, Any], path: Path) -> bool:
        extra = live.keys() - wanted.keys()
        if extra and not (self._builtin and all(is_default(key, live[key]) for key in extra)):
            return False
        return all(self._same(value, live.get(key, _ABSENT), (*path, key)) for key, value in wanted.items())


Keys = tuple[tuple[str, Any], ...]


@lru_cache(maxsize=4096)
def _keys(name: str) -> Keys:
    """('name', 'x') of `k:{"name":"x"}`, in the order of the server."""
    return tuple(json.loads(name[2:]).items())


def _index(items: list[Any], names: Sequence[str]) -> dict[Keys, Mapping[str, Any]]:
    """The items by their keys, in order. What is no mapping is left out: then the numbers do not agree."""
    return {
        tuple((name, _scalar(item.get(name, KEY_DEFAULTS.get(name)))) for name in names): item
        for item in items
        if isinstance(item, Mapping)
    }


def _scalar(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else None


def _label(keys: Keys) -> str:
    return f"[{','.join(str(value) for _, value in keys)}]"
