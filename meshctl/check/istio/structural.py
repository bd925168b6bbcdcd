"""Structural schemas of Kubernetes: what the API server says to an object of a CRD.

It differs from JSON Schema in that a field that the schema does not know is a fault, as kubectl has the server treat
it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from meshctl import expression
from meshctl.check.finding import Fault
from meshctl.errors import did_you_mean
from meshctl.yamlio import Path

Schema = Mapping[str, Any]

_LONGEST_VALUE = 40  # characters of a wrong value in a message


def faults(schema: Schema, value: Any, path: Path = ()) -> list[Fault]:
    """Everything that the API server would find, each at its place. Rules judge only what has the right shape.

    The value has the defaults of the schema, as `with_defaults` gives them.
    """
    verdict = _Verdict([], [])
    _judge(schema, value, path, verdict)
    return [*verdict.misshapen, *verdict.broken]


def with_defaults(schema: Schema, value: Any) -> Any:
    """A copy with what the API server writes where an author wrote nothing."""
    if value.__class__ is dict:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        missing = {
            name: each["default"]
            for name, each in properties.items()
            if "default" in each and _is_absent(value.get(name), each)
        }
        others = schema.get("additionalProperties")
        found = {}
        for name, item in {**value, **missing}.items():
            inner = properties.get(name, others)
            found[name] = with_defaults(inner, item) if isinstance(inner, dict) else item
        return found
    if value.__class__ is list and "items" in schema:
        return [with_defaults(schema["items"], item) for item in value]
    return value


class _Verdict(NamedTuple):
    """What has not the shape that the schema wants, and what breaks one of its rules."""

    misshapen: list[Fault]
    broken: list[Fault]


def _judge(schema: Schema, value: Any, path: Path, verdict: _Verdict) -> None:
    """Adds to the verdict; most values are of a type and nothing else, so that is looked at first."""
    found = verdict.misshapen
    if value.__class__ is not _CLASSES.get(schema.get("type", "")):
        wrong = _wrong_type(schema, value)
        if wrong:
            found.append(Fault(f"{_shown(value)} is no {wrong}", path))
        if wrong or value is None:
            return
    if len(schema) == 1:
        return
    before = len(found)
    if value.__class__ is dict:
        _judge_fields(schema, value, path, verdict)
    elif value.__class__ is list and "items" in schema:
        for index, item in enumerate(value):
            _judge(schema["items"], item, (*path, index), verdict)
    found.extend(_limits(schema, value, path))
    if "oneOf" in schema or "allOf" in schema:
        found.extend(_alternatives(schema, value, path))
    if len(found) == before and "x-kubernetes-validations" in schema:
        verdict.broken.extend(_rules(schema, value, path))


def _wrong_type(schema: Schema, value: Any) -> str:
    """The wanted type in words where the value has another one."""
    if value is None:
        return "" if schema.get("nullable") else _TYPE_WORDS.get(schema.get("type", ""), "")
    if schema.get("x-kubernetes-int-or-string"):
        return "" if _is_integer(value) or isinstance(value, str) else "number or text"
    wanted = schema.get("type", "")
    return "" if not wanted or _TYPES[wanted](value) else _TYPE_WORDS[wanted]


_CLASSES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}


def _is_integer(value: Any) -> bool:
    return value.__class__ is int or (value.__class__ is float and value.is_integer())


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: value.__class__ is dict,
    "array": lambda value: value.__class__ is list,
    "string": lambda value: value.__class__ is str,
    "boolean": lambda value: value.__class__ is bool,
    "integer": _is_integer,
    "number": lambda value: value.__class__ in (int, float),
}
_TYPE_WORDS = {
    "object": "mapping",
    "array": "list",
    "string": "text",
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
}


def _judge_fields(schema: Schema, value: Mapping[str, Any], path: Path, verdict: _Verdict) -> None:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    others = schema.get("additionalProperties")
    is_open = others or "properties" not in schema or schema.get("x-kubernetes-preserve-unknown-fields")
    missing = (name for name in schema.get("required", ()) if _is_absent(value.get(name), properties.get(name, {})))
    verdict.misshapen.extend(Fault(f'"{name}" is missing', path) for name in missing)
    for name, item in value.items():
        inner = properties.get(name, others)
        if inner.__class__ is dict:
            if not _is_absent(item, inner):
                _judge(inner, item, (*path, name), verdict)
        elif not is_open:
            advice = did_you_mean(name, properties)
            verdict.misshapen.append(Fault(f'unknown field "{name}"', (*path, name), advice, at_key=True))


def _is_absent(value: Any, schema: Schema) -> bool:
    """The API server takes a field that is null, and may not be, for one that is not there."""
    return value is None and not schema.get("nullable")


def _limits(schema: Schema, value: Any, path: Path) -> Iterator[Fault]:
    if "enum" in schema and value not in schema["enum"]:
        known = ", ".join(str(each) for each in schema["enum"])
        yield Fault(f"{_shown(value)} is none of {known}", path, did_you_mean(str(value), map(str, schema["enum"])))
    for keyword in schema:
        if keyword in _LIMITS:
            measure, fits, words = _LIMITS[keyword]
            measured = measure(value)
            if measured is not None and not fits(measured, schema[keyword]):
                yield Fault(f"{words.format(measured)} {schema[keyword]}", path)
    if schema.get("format") == "int32" and value.__class__ is int and not -(2**31) <= value < 2**31:
        yield Fault(f"{value} is more than 32 bits hold", path)
    if value.__class__ is str:
        yield from _text_limits(schema, value, path)
    if schema.get("x-kubernetes-list-type") in ("map", "set"):
        yield from _repeated(schema, value, path)


def _text_limits(schema: Schema, value: str, path: Path) -> Iterator[Fault]:
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield Fault(f"{_shown(value)} does not match {schema['pattern']}", path)
    if schema.get("format") == "byte" and not _is_base64(value):
        yield Fault(f"{_shown(value)} is not base64", path)


def _length(value: Any) -> int | None:
    return len(value) if value.__class__ is str else None


def _count(value: Any) -> int | None:
    return len(value) if value.__class__ is list else None


def _size(value: Any) -> int | None:
    return len(value) if value.__class__ is dict else None


def _number(value: Any) -> float | None:
    return value if value.__class__ in (int, float) else None


def _at_least(value: float, limit: float) -> bool:
    return value >= limit


def _at_most(value: float, limit: float) -> bool:
    return value <= limit


_Limit = tuple[Callable[[Any], float | None], Callable[[float, float], bool], str]
_LIMITS: Mapping[str, _Limit] = {
    "minimum": (_number, _at_least, "{} is less than"),
    "maximum": (_number, _at_most, "{} is more than"),
    "minLength": (_length, _at_least, "it has {} characters, fewer than"),
    "maxLength": (_length, _at_most, "it has {} characters, more than"),
    "minItems": (_count, _at_least, "it has {} items, fewer than"),
    "maxItems": (_count, _at_most, "it has {} items, more than"),
    "minProperties": (_size, _at_least, "it has {} entries, fewer than"),
    "maxProperties": (_size, _at_most, "it has {} entries, more than"),
}


def _repeated(schema: Schema, value: Any, path: Path) -> Iterator[Fault]:
    """Items of a list that has no order, twice."""
    keys: Sequence[str] = schema.get("x-kubernetes-list-map-keys", ())
    seen: set[str] = set()
    for index, item in enumerate(value):
        if keys and item.__class__ is not dict:
            continue
        identity = repr([item.get(key) for key in keys] if keys else item)
        if identity in seen:
            words = ", ".join(f"{key} {_shown(item.get(key))}" for key in keys) or _shown(item)
            yield Fault(f"{words} is in the list already", (*path, index))
        seen.add(identity)


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _alternatives(schema: Schema, value: Any, path: Path) -> Iterator[Fault]:
    for each in schema.get("allOf", ()):
        yield from _alternatives(each, value, path)
    choices = schema.get("oneOf")
    if choices and sum(_satisfies(choice, value) for choice in choices) != 1:
        yield Fault(_choice_words(choices, value), path)


def _satisfies(schema: Schema, value: Any) -> bool:
    """Whether a value passes the part of a schema that structural schemas allow below oneOf, anyOf and not."""
    if value.__class__ is dict:
        inner = schema.get("properties", {})
        if not all(_satisfies(each, value[name]) for name, each in inner.items() if name in value):
            return False
        if any(name not in value for name in schema.get("required", ())):
            return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "format" in schema and not _has_format(schema["format"], value):
        return False
    if "not" in schema and _satisfies(schema["not"], value):
        return False
    return "anyOf" not in schema or any(_satisfies(choice, value) for choice in schema["anyOf"])


def _has_format(name: str, value: Any) -> bool:
    version = {"ipv4": 4, "ipv6": 6}.get(name)
    return version is None or (value.__class__ is str and expression.ip_version(value) == version)


def _choice_words(choices: Sequence[Schema], value: Mapping[str, Any]) -> str:
    names = [name for choice in choices for name in choice.get("required", ())]
    if not names:
        return "it has none of the forms that there are for it, or several"
    given = [name for name in names if name in value]
    if given:
        return f"only one of {_listed(names)} may be set, and {_listed(given, 'and')} are"
    return f"one of {_listed(names)} must be set"


def _listed(names: Collection[str], word: str = "or") -> str:
    *most, last = names
    return f"{', '.join(most)} {word} {last}" if most else last


def _rules(schema: Schema, value: Any, path: Path) -> Iterator[Fault]:
    holds = _holds if value.__class__ in (str, int) else expression.holds
    for rule in schema["x-kubernetes-validations"]:
        if "oldSelf" in rule["rule"]:
            continue  # it judges changes
        if holds(rule["rule"], value) is not True:
            said = rule.get("message") or f"it breaks the rule {rule['rule']}"
            yield Fault(f"{_shown(value)}: {said}" if value.__class__ not in (dict, list) else said, path)


@lru_cache(maxsize=4096)
def _holds(rule: str, value: str | int) -> bool | str:
    """For what occurs again and again: durations, ports."""
    return expression.holds(rule, value)


def _quoted(text: str) -> str:
    return f'"{text}"' if len(text) <= _LONGEST_VALUE else f'"{text[:_LONGEST_VALUE]}…"'


def _shown(value: Any) -> str:
    """A value in a message."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list) else str(value)
