"""Values to block-style text: compact lists as kubectl writes them, keys in their order, nothing folded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from meshctl.errors import YamlError
from meshctl.yamlio.quoting import key, scalar, text

DEEPEST = 200


def dump(value: Any) -> str:
    """One document. Raises YamlError for what has no JSON: other types, NaN, a nesting without end."""
    parts: list[str] = []
    if _is_filled(value):
        _collection(value, "", "", parts, 1)
    else:
        parts.append(scalar(value, "") + "\n")
    return "".join(parts)


def dump_all(values: Iterable[Any]) -> str:
    return "---\n".join(dump(value) for value in values)


def _is_filled(value: Any) -> bool:
    return isinstance(value, (dict, list, tuple)) and bool(value)


def _collection(value: Any, indent: str, lead: str, parts: list[str], depth: int) -> None:
    """Writes a collection that is not empty; `lead` stands before its first line, `indent` before the others."""
    if depth > DEEPEST:
        raise YamlError(f"a value nested more than {DEEPEST} levels deep cannot be written as YAML")
    if isinstance(value, dict):
        _mapping(value, indent, lead, parts, depth)
    else:
        _sequence(value, indent, lead, parts, depth)


def _mapping(value: dict[Any, Any], indent: str, lead: str, parts: list[str], depth: int) -> None:
    for name, child in value.items():
        if child.__class__ is str and "\n" not in child:
            parts.append(f"{lead}{key(name, indent)} {text(child)}\n")
        elif _is_filled(child):
            parts.append(f"{lead}{key(name, indent)}\n")
            inner = indent + "  " if isinstance(child, dict) else indent
            _collection(child, inner, inner, parts, depth + 1)
        else:
            parts.append(f"{lead}{key(name, indent)} {scalar(child, indent)}\n")
        lead = indent


def _sequence(value: Any, indent: str, lead: str, parts: list[str], depth: int) -> None:
    for child in value:
        if _is_filled(child):
            _collection(child, indent + "  ", lead + "- ", parts, depth + 1)
        else:
            parts.append(f"{lead}- {scalar(child, indent)}\n")
        lead = indent
