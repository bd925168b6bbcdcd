"""The built-in kinds as an API server describes them, and where an object departs from that.

`schema.json` is written by tools/kubernetes_schema.py. It has kinds, `apps/v1 Deployment` with the name of its type,
and types: the fields of each with their types, and which are required. A type is one text:

    s i n b   a text, an integer, a number, a boolean        q   a quantity: 100m, 1Gi, 2
    t         a time                                         x   an integer or a text: 8080, 25%, http
    y         bytes in base64                                ?   anything
    eA|B      one of these texts                             @T  the type T
    []T       a list of T                                    {}T a mapping of texts to T
    [a,b]T    a list of T, in which no two have the same values of a and b
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from meshctl.check.kubernetes.quantities import is_quantity
from meshctl.check.kubernetes.restrictions import RESTRICTIONS, Constraint, Trouble
from meshctl.check.resource import Resource
from meshctl.config.schema import dotted
from meshctl.errors import did_you_mean, nearest
from meshctl.yamlio import Path

Ill = Literal["unknown", "type", "missing", "repeated"] | Trouble
_DEFAULTS = {"protocol": "TCP"}  # of the keys of lists
_CONFIDENTIAL = ("data", "stringData")  # of a Secret
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_LONGEST_VALUE = 40  # characters of a wrong value in a message


class Type(NamedTuple):
    fields: Mapping[str, str]
    required: tuple[str, ...]
    constraints: tuple[Constraint, ...]


class Deviation(NamedTuple):
    """Where an object is not as its schema says."""

    ill: Ill
    path: Path
    message: str
    suggestion: str = ""
    at_key: bool = False


@cache
def _schema() -> Any:
    return json.loads(files(__package__).joinpath("schema.json").read_text("utf-8"))


def version() -> str:
    """Of the Kubernetes that the schema is from: `1.37`."""
    found: str = _schema()["version"]
    return found


@cache
def kinds() -> Mapping[str, str]:
    """The name of the type of each `apps/v1 Deployment`."""
    found: Mapping[str, str] = _schema()["kinds"]
    return found


@cache
def type_of(name: str) -> Type:
    found = _schema()["types"][name]
    return Type(found["fields"], tuple(found["required"]), RESTRICTIONS.get(name, ()))


@lru_cache(maxsize=8)
def deviations(resource: Resource) -> tuple[Deviation, ...]:
    """All of them; none for a kind that is not built in. Several rules ask, one after another."""
    name = kinds().get(f"{resource.ref.api_version} {resource.ref.kind}")
    if name is None:
        return ()
    walk = _Walk(confidential=resource.ref.kind == "Secret")
    walk.value(f"@{name}", resource.body, ())
    return tuple(walk.found)


class _Walk:
    def __init__(self, *, confidential: bool) -> None:
        self.found: list[Deviation] = []
        self._confidential = confidential

    def value(self, type_: str, value: Any, path: Path) -> None:
        """What is null counts as absent, as it does for the API server."""
        head = type_[0]
        if value is None or head == "?":
            return
        if head == "@":
            self._object(type_of(type_[1:]), value, path)
        elif head == "[":
            self._list(type_, value, path)
        elif head == "{":
            self._mapping(type_[2:], value, path)
        elif head == "e":
            self._choice(type_[1:].split("|"), value, path)
        elif not _FITS[head](value):
            self._misfit(_TITLES[head], value, path)

    def _object(self, type_: Type, value: Any, path: Path) -> None:
        if value.__class__ is not dict:
            self._misfit("a mapping", value, path)
            return
        fields = type_.fields
        meant: set[str] = set()
        for key, child in value.items():
            wanted = fields.get(key)
            if wanted is None:
                meant.add(near := nearest(key, fields))
                advice = f"did you mean {near}?" if near else _known(fields)
                self._add("unknown", (*path, key), f'unknown field "{key}"{_inside(path)}', advice, at_key=True)
            elif child is not None:
                self.value(wanted, child, (*path, key))
        for key in type_.required:
            if value.get(key) is None and key not in meant:
                self._add("missing", (*path, key), f"{_name(path) or 'the object'} has no {key}", "")
            elif value.get(key) == "" and fields[key][0] == "e":
                self._add("empty", (*path, key), f"{_name((*path, key))} must not be empty", "")
        for constraint in type_.constraints:
            for trouble, steps, what, suggestion, at_key in constraint(value):
                place = (*path, *steps)
                self._add(trouble, place, f"{_name(place)} {what}", suggestion, at_key=at_key)

    def _list(self, type_: str, value: Any, path: Path) -> None:
        if value.__class__ is not list:
            self._misfit("a list", value, path)
            return
        keys, _, item_type = type_[1:].partition("]")
        for index, item in enumerate(value):
            if item is None and item_type[0] == "@" and not keys:
                self._object(type_of(item_type[1:]), {}, (*path, index))
            elif (item is None and keys) or (item in (None, "") and item_type[0] == "e"):
                self._add("empty", (*path, index), f"{_name((*path, index))} must not be empty", "")
            else:
                self.value(item_type, item, (*path, index))
        if keys and len(value) > 1:
            self._repeated(keys.split(","), value, path)

    def _repeated(self, keys: list[str], items: list[Any], path: Path) -> None:
        first: dict[tuple[str, ...], int] = {}
        for index, item in enumerate(items):
            if item.__class__ is not dict or item.get(keys[0]) is None:
                continue
            key = tuple(str(item.get(name, _DEFAULTS.get(name, ""))) for name in keys)
            if key in first:
                told = " and ".join(f"{name} {value}" for name, value in zip(keys, key, strict=True) if value)
                message = f"{_name(path)} has {told} twice, at {first[key]} and {index}"
                self._add("repeated", (*path, index, keys[0]), message, "keep one of the two")
            first.setdefault(key, index)

    def _mapping(self, type_: str, value: Any, path: Path) -> None:
        if value.__class__ is not dict:
            self._misfit("a mapping", value, path)
            return
        for key, child in value.items():
            self.value(type_, child, (*path, key))

    def _choice(self, choices: list[str], value: Any, path: Path) -> None:
        if value not in choices and value != "":  # the server takes an empty text for absent
            listed = f"{', '.join(choices[:-1])} or {choices[-1]}" if len(choices) > 1 else choices[0]
            message = f"{_name(path)} has to be {listed}, not {self._shown(value, path)}"
            near = did_you_mean(value, choices) if isinstance(value, str) else ""
            self._add("choice", path, message, near)

    def _misfit(self, wanted: str, value: Any, path: Path) -> None:
        message = f"{_name(path) or 'the object'} has to be {wanted}, not {self._shown(value, path)}"
        self._add("type", path, message, _advice(wanted, value))

    def _add(self, ill: Ill, path: Path, message: str, suggestion: str, *, at_key: bool = False) -> None:
        self.found.append(Deviation(ill, path, message, suggestion, at_key))

    def _shown(self, value: Any, path: Path) -> str:
        if self._confidential and path[:1] in [(field,) for field in _CONFIDENTIAL]:
            return "what is there"
        return described(value)


def described(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    text = str(value)
    shown = text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"
    return f'the text "{shown}"' if isinstance(value, str) else f"the number {shown}"


def _advice(wanted: str, value: Any) -> str:
    if wanted == "a text" and isinstance(value, (bool, int, float)):
        return "put it in quotes"
    if wanted in ("an integer", "a number", "true or false") and isinstance(value, str):
        return "take the quotes away, if a value is meant" if value else ""
    if wanted == "a list":
        return "begin each item with a dash"
    return ""


def _name(path: Path) -> str:
    """The end of a path, as much as tells what is meant: `containers[0].image`."""
    names = [place for place, step in enumerate(path[:-1]) if isinstance(step, str)]
    return dotted(path[names[-1] :] if names else path)


def _inside(path: Path) -> str:
    return f" in {_name(path)}" if path else ""


def _known(fields: Mapping[str, str]) -> str:
    names = ", ".join(sorted(fields))
    return f"there are {names}" if len(names) < 100 else ""


def _is_base64(value: Any) -> bool:
    from base64 import b64decode

    try:
        b64decode("".join(value.split()), validate=True)
    except (ValueError, AttributeError):
        return False
    return True


def _is_integer(value: Any) -> bool:
    return value.__class__ is int or (value.__class__ is float and value.is_integer())


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "s": lambda value: value.__class__ is str,
    "i": _is_integer,
    "n": lambda value: value.__class__ in (int, float),
    "b": lambda value: value.__class__ is bool,
    "q": is_quantity,
    "x": lambda value: value.__class__ in (str, int),
    "t": lambda value: value.__class__ is str and _TIME.fullmatch(value) is not None,
    "y": _is_base64,
}
_TITLES = {
    "s": "a text",
    "i": "an integer",
    "n": "a number",
    "b": "true or false",
    "q": "a quantity like 100m or 1Gi",
    "x": "an integer or a text",
    "t": "a time like 2026-03-01T12:00:00Z",
    "y": "base64",
}
