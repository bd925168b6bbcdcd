"""Two states of one object, field by field: what `diff` shows. Values of Secrets never get out of here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from meshctl.manifest.secrecy import MASK

_SERVERS_OWN = {"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
_NAMES = ("name", "mountPath", "containerPort", "port", "key", "ip", "topologyKey")  # what tells items of a list apart
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"  # holds a Secret's values once more

Step = str | int


@dataclass(frozen=True)
class FieldChange:
    """`old` is None for a field that is new, `new` for one that goes; a whole map or list that comes or goes is one."""

    path: str
    old: Any
    new: Any


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """How `new` differs from `old`, but for what the server keeps for itself; sorted by path."""
    found = list(_changes(_told(old), _told(new), ()))
    if "Secret" in (old.get("kind"), new.get("kind")):
        found = [(path, *_masked(path, before, after)) for path, before, after in found]
    return tuple(FieldChange(show(path), before, after) for path, before, after in found)


def show(path: tuple[Step, ...]) -> str:
    """`spec.template.spec.containers[web].image`, `data["app.conf"]`; items of lists are in brackets without quotes."""
    return "".join(_step(step) for step in path).removeprefix(".")


def _step(step: Step) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    if step.startswith("["):
        return step
    return f".{step}" if _PLAIN_KEY.fullmatch(step) else f'["{step}"]'


def _told(body: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in (body.get("metadata") or {}).items() if key not in _SERVERS_OWN}
    return {
        **{key: value for key, value in body.items() if key != "status"},
        **({"metadata": metadata} if body else {}),
    }


Found = tuple[tuple[Step, ...], Any, Any]


def _changes(old: Any, new: Any, path: tuple[Step, ...]) -> Iterator[Found]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _pairs(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(old, new, path)
    elif old != new or isinstance(old, bool) is not isinstance(new, bool):
        yield path, old, new


def _pairs(old: Mapping[Any, Any], new: Mapping[Any, Any], path: tuple[Step, ...]) -> Iterator[Found]:
    for key in sorted(old.keys() | new.keys()):
        yield from _changes(old.get(key), new.get(key), (*path, key))


def _lists(old: list[Any], new: list[Any], path: tuple[Step, ...]) -> Iterator[Found]:
    name = next((name for name in _NAMES if _tells_apart(name, old) and _tells_apart(name, new)), None)
    if name is None:
        for place, (before, after) in enumerate(zip_longest(old, new)):
            yield from _changes(before, after, (*path, place))
        return
    named_old, named_new = ({f"[{item[name]}]": item for item in items} for items in (old, new))
    yield from _pairs(named_old, named_new, path)
    if named_old.keys() == named_new.keys() and list(named_old) != list(named_new):
        yield path, [item[name] for item in old], [item[name] for item in new]


def _tells_apart(name: str, items: list[Any]) -> bool:
    names = [item.get(name) for item in items if isinstance(item, Mapping)]
    return len(names) == len(items) and None not in names and len({str(each) for each in names}) == len(names)


def _masked(path: tuple[Step, ...], old: Any, new: Any) -> tuple[Any, Any]:
    """That a value changed is told, the value is not."""
    if path[:1] in (("data",), ("stringData",)) or path[-1:] == (_LAST_APPLIED,):
        both = old is not None and new is not None
        return _mask(old, " (before)" if both else ""), _mask(new, " (after)" if both else "")
    if path[:2] == ("metadata", "annotations") or path == ("metadata",):
        return _without_last_applied(old), _without_last_applied(new)
    return old, new


def _mask(value: Any, note: str) -> Any:
    if isinstance(value, Mapping):
        return dict.fromkeys(value, MASK)
    return None if value is None else MASK + note


def _without_last_applied(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: MASK if key == _LAST_APPLIED else _without_last_applied(item) for key, item in value.items()}
