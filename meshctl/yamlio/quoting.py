"""How a scalar is written so that Kubernetes, YAML 1.1 and YAML 1.2 read the same value."""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import Any

from meshctl.errors import YamlError
from meshctl.yamlio.scalars import is_text_to_all, json_key

_LARGEST_INTEGER = 1023  # bits
_LONGEST_KEY = 400  # characters; readers want "? " before a key beyond 1024 bytes

_PLAIN = re.compile(
    r"(?:[\w/.$()^+~<;=\\]|-(?=[^\s-])|--(?=[a-zA-Z]))"  # a first character that begins nothing else
    r"(?:[^:#]|:(?!\s)|(?<!\s)#)*(?<![\s:])"
)


def scalar(value: Any, indent: str) -> str:
    """`value` after `key: ` or `- `, without the line's end; `indent` is that of the collection around it."""
    if isinstance(value, str):
        return literal(value, indent) if "\n" in value else text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, (list, tuple)):
        return "[]"
    raise YamlError(f"a {type(value).__name__} cannot be written as YAML")


def key(value: Any, indent: str) -> str:
    """A mapping's key with its colon; `indent` is the mapping's."""
    name = value if isinstance(value, str) else json_key(value) if isinstance(value, (int, float)) else None
    if name is None:
        raise YamlError(f"{value!r} cannot be a key: Kubernetes takes only texts")
    written = text(name)
    return f"{written}:" if len(written) <= _LONGEST_KEY else f"? {written}\n{indent}:"


@lru_cache(maxsize=16384)
def text(value: str) -> str:
    """A text on one line: plain where nobody can take it for anything else."""
    if not value.isprintable():
        return quote(value)
    if _PLAIN.fullmatch(value) and is_text_to_all(value) and not value.startswith("..."):
        return value
    if '"' in value or "\\" in value:
        return "'" + value.replace("'", "''") + "'"
    return f'"{value}"'


def literal(value: str, indent: str) -> str:
    """A text of several lines as a literal block; in double quotes where a block could not hold it."""
    if not value.replace("\n", "").replace("\t", "").isprintable() or not value.strip("\n"):
        return quote(value)
    body = value.rstrip("\n")
    newlines = len(value) - len(body)
    chomping = "-" if not newlines else "" if newlines == 1 else "+"
    indicator = "2" if value[0] in " \t\n" else ""
    lines = [f"{indent}  {line}" if line else "" for line in body.split("\n")]
    return f"|{indicator}{chomping}\n" + "\n".join(lines) + "\n" * (newlines - 1)


def quote(value: str) -> str:
    """A text in double quotes on one line."""
    quoted = json.dumps(value, ensure_ascii=False)
    return quoted if quoted.isprintable() else "".join(char if char.isprintable() else _escape(char) for char in quoted)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        raise YamlError(f"half of a surrogate pair (U+{code:04X}) cannot be written as YAML")
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"


def _integer(value: int) -> str:
    """Kubernetes reads what 64 bits do not hold as a float, which ends somewhere too."""
    if value.bit_length() > _LARGEST_INTEGER:
        raise YamlError(f"a number of {value.bit_length()} bits cannot be written as YAML")
    return int.__repr__(value)


def _float(value: float) -> str:
    """YAML 1.1 takes an exponent only after a fraction."""
    if not math.isfinite(value):
        raise YamlError("Kubernetes has no infinite numbers and no NaN")
    mantissa, _, exponent = repr(float(value)).partition("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent}" if exponent else mantissa
