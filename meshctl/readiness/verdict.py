"""The words of a verdict, and how a rule reads an object that may lack anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeGuard

Object = Mapping[str, Any]

_DIGITS = re.compile(r"-?[0-9]{1,18}")


class State(StrEnum):
    """kstatus' words, so that they mean here what they mean to kpt, Flux and `kubectl`'s plugins."""

    CURRENT = "Current"
    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    TERMINATING = "Terminating"
    NOT_FOUND = "NotFound"
    UNKNOWN = "Unknown"


@dataclass(frozen=True)
class Readiness:
    """`message` is a sentence for a person; `code` is stable and set when the state is Failed."""

    state: State
    message: str
    code: str = ""


def current(message: str) -> Readiness:
    return Readiness(State.CURRENT, message)


def in_progress(message: str) -> Readiness:
    return Readiness(State.IN_PROGRESS, message)


def failed(code: str, message: str) -> Readiness:
    return Readiness(State.FAILED, message, code)


def text(obj: Object, *path: str) -> str:
    """The string at path; empty where there is none, or no string. A YAML reader may have made a date of a moment."""
    value = _at(obj, path)
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else ""


def number(obj: Object, *path: str, default: int = 0) -> int:
    """The integer at path; what is none, or does not fit into 64 bits, counts as absent."""
    value = _at(obj, path)
    return value if _is_integer(value) else default


def generation(obj: Object, *path: str) -> int | None:
    """An integer, or the string of one, which is how protobuf's JSON writes 64 bits, and so Istio."""
    value = _at(obj, path)
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return value if _is_integer(value) else None


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def flag(obj: Object, *path: str) -> bool:
    return _at(obj, path) is True


def mapping(obj: Object, *path: str) -> Object:
    """The mapping at path; empty where there is none."""
    value = _at(obj, path)
    return value if isinstance(value, Mapping) else {}


def entries(obj: Object, *path: str) -> Iterator[Object]:
    """The mappings of the list at path."""
    value = _at(obj, path)
    if isinstance(value, list):
        yield from (each for each in value if each.__class__ is dict or isinstance(each, Mapping))


def conditions(obj: Object) -> Iterator[Object]:
    return entries(obj, "status", "conditions")


def condition(obj: Object, kind: str) -> Object:
    """The condition of that type; empty where there is none."""
    return next((each for each in conditions(obj) if each.get("type") == kind), {})


def holds(obj: Object, kind: str) -> bool:
    """Whether the condition of that type is True."""
    return any(each.get("type") == kind and each.get("status") == "True" for each in conditions(obj))


def reason_of(found: Object) -> str:
    """What a condition says to a person: its message, else its reason in the controller's words."""
    return text(found, "message") or text(found, "reason")


def _at(obj: Object, path: tuple[str, ...]) -> Any:
    value: Any = obj
    for key in path:
        if value.__class__ is not dict and not isinstance(value, Mapping):  # asking an ABC costs ten times as much
            return None
        value = value.get(key)
    return value
