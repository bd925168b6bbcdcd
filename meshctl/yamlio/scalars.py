"""What a plain scalar means: to Kubernetes, to YAML 1.1 and to YAML 1.2.

Sources: goyaml.v2 `resolve.go`, sigs.k8s.io/yaml and Go's `strconv` for Kubernetes, https://yaml.org/type/ for YAML
1.1, the core schema of https://yaml.org/spec/1.2.2/ for YAML 1.2. Where these and kubectl differ, kubectl decides.
"""

from __future__ import annotations

import math
import re
import struct
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

INT64_MIN, INT64_MAX, UINT64_MAX = -(2**63), 2**63 - 1, 2**64 - 1

Scalar = str | int | float | bool | None


def _cases(*words: str) -> list[str]:
    """The three cases that YAML 1.1 knows: yes, Yes, YES."""
    return [form for word in words for form in (word, word.capitalize(), word.upper())]


_WORDS_1_2: dict[str, Scalar] = {
    **dict.fromkeys(["", "~", *_cases("null")]),
    **dict.fromkeys(_cases("true"), True),
    **dict.fromkeys(_cases("false"), False),
    **dict.fromkeys([sign + form for sign in ("", "+") for form in (".inf", ".Inf", ".INF")], math.inf),
    **dict.fromkeys(["-.inf", "-.Inf", "-.INF"], -math.inf),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], math.nan),
}
_WORDS: dict[str, Scalar] = {
    **_WORDS_1_2,
    **dict.fromkeys(["y", "Y", *_cases("yes", "on")], True),
    **dict.fromkeys(["n", "N", *_cases("no", "off")], False),
}
_NUMERIC = frozenset("0123456789+-.")  # what any other scalar that is not a text begins with
_LONGEST_DECIMAL = 100  # digits; longer is beyond 64 bits, and Python is slow to convert it or refuses to

_GO_INTEGER = re.compile(r"([-+]?)(?:0[xX]([\da-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]*)|([1-9]\d*))", re.ASCII)
_GO_BASES = {2: 16, 3: 2, 4: 8, 5: 8, 6: 10}  # by group of _GO_INTEGER
_GO_SIGNED_BINARY = re.compile(r"0b([-+][01]+)")
_GO_DOT_FLOAT = re.compile(r"\.\d+(?:_\d+)*(?:[eE][-+]?\d+(?:_\d+)*)?", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?", re.ASCII)  # of goyaml and of YAML 1.2

_OLD_INTEGER = re.compile(r"([-+]?)(?:0b([01_]+)|0x([\da-fA-F_]+)|0([0-7_]*)|([1-9][\d_]*))", re.ASCII)
_OLD_BASES = {2: 2, 3: 16, 4: 8, 5: 10}
_OLD_FLOAT = re.compile(r"[-+]?(?:\d[\d_]*\.[\d_]*|\.\d[\d_]*)(?:[eE][-+]\d+)?", re.ASCII)
_OLD_BASE_60 = re.compile(r"[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?", re.ASCII)
_OLD_TIMESTAMP = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|[ \t]+)\d{1,2}:\d{2}:\d{2}(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d{1,2}(?::\d{2})?))?)?",
    re.ASCII,
)
_NEW_INTEGER = re.compile(r"(?P<sign>[-+]?)(?:0o([0-7]+)|0x([\da-fA-F]+)|(\d+))", re.ASCII)
_NEW_BASES = {2: 8, 3: 16, 4: 10}


class Plain(NamedTuple):
    """A plain scalar as a value and as a key, None where it can be no key; `warning` where YAML 1.1 and 1.2 differ."""

    value: Scalar
    key: str | None
    warning: str = ""


@lru_cache(maxsize=16384)
def read_plain(text: str) -> Plain:
    if text[:1] not in _NUMERIC and text not in _WORDS:
        return Plain(text, text)
    raw = resolve(text)
    return Plain(json_value(raw), json_key(raw), _ambiguity(text))


def resolve(text: str) -> Scalar:
    """What goyaml.v2 makes of a plain scalar; an integer may have 65 bits there."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC:
        return text
    digits = text.replace("_", "")
    if text[0] == ".":
        return _float(text, digits) if _GO_DOT_FLOAT.fullmatch(text) else text
    integer = _go_integer(digits)
    if integer is not None:
        return integer
    return _float(text, digits) if _FLOAT.fullmatch(digits) else text


def _go_integer(digits: str) -> int | None:
    """strconv.ParseInt, then ParseUint, which takes no sign; and the one oddity of goyaml's own, `0b-1`."""
    integer = _integer(_GO_INTEGER, _GO_BASES, digits)
    if integer is None and (odd := _GO_SIGNED_BINARY.fullmatch(digits)):
        return _within(int(odd[1], 2), INT64_MAX)
    return None if integer is None else _within(integer, INT64_MAX if digits[0] in "+-" else UINT64_MAX)


def _within(integer: int, most: int) -> int | None:
    return integer if INT64_MIN <= integer <= most else None


def _integer(pattern: re.Pattern[str], bases: dict[int, int], text: str) -> int | None:
    match = pattern.fullmatch(text)
    if match is None or match.lastindex is None:
        return None
    digits, base = match[match.lastindex].replace("_", ""), bases[match.lastindex]
    if base == 10 and len(digits) > _LONGEST_DECIMAL:
        return None
    return int(f"{match[1]}0{digits}", base)


def _float(text: str, digits: str) -> float | str:
    """A number that no float64 holds stays a text."""
    value = float(digits)
    return text if math.isinf(value) else value


def json_value(raw: Scalar) -> Scalar:
    """`raw` after its way through JSON: `1e3` is the integer 1000; infinite and NaN have no JSON and stay floats.

    Go writes the shortest digits that give a float back, without exponent below 1e21, and what then looks like an
    integer of 64 bits is read as one: 4611686018427387904.0 comes back as 4611686018427388000.
    """
    if isinstance(raw, float) and raw.is_integer():
        integer = int(Decimal(repr(raw)))
        return integer if INT64_MIN <= integer <= INT64_MAX else raw
    if isinstance(raw, int) and raw > INT64_MAX:
        return float(raw)
    return raw


def json_key(raw: Scalar) -> str | None:
    """`raw` as the key of a JSON object: `y: 1` is "true", `017: 1` is "15"; null and 65 bits are refused."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int):
        return str(raw) if raw <= INT64_MAX else None
    return _float_key(raw) if isinstance(raw, float) else raw


def _float_key(value: float) -> str:
    """Go's FormatFloat(value, 'g', -1, 32), as sigs.k8s.io/yaml calls it: keys have 32 bits, 1e300 is infinite."""
    single = _as_single(value)
    if not math.isfinite(single):
        return ".nan" if math.isnan(single) else ".inf" if single > 0 else "-.inf"
    digits = next(text for text in (f"{single:.{n}e}" for n in range(9)) if _as_single(float(text)) == single)
    exponent = int(digits.partition("e")[2])
    return digits if exponent < -4 or exponent > 5 else f"{Decimal(digits):f}"


def _as_single(value: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def is_timestamp(text: str) -> bool:
    return _OLD_TIMESTAMP.fullmatch(text) is not None


def is_text_to_all(text: str) -> bool:
    """Whether Kubernetes, YAML 1.1 and YAML 1.2 all take the plain scalar for the text that it is."""
    if text[:1] not in _NUMERIC:
        return text not in _WORDS and text not in ("<<", "=")
    return all(type(value) is str for value in (resolve(text), _value_1_1(text), _value_1_2(text)))


class _Moment(str):
    """A timestamp of YAML 1.1, told apart from the text."""

    __slots__ = ()


def _value_1_1(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if is_timestamp(text):
        return _Moment(text)
    if _OLD_BASE_60.fullmatch(text):
        return _base_60(text)
    integer = _integer(_OLD_INTEGER, _OLD_BASES, text)
    if integer is not None:
        return integer
    return float(text.replace("_", "")) if _OLD_FLOAT.fullmatch(text) else text


def _value_1_2(text: str) -> Scalar:
    if text in _WORDS_1_2:
        return _WORDS_1_2[text]
    integer = _integer(_NEW_INTEGER, _NEW_BASES, text)
    if integer is not None:
        return integer
    return float(text) if _FLOAT.fullmatch(text) else text


def _base_60(text: str) -> float:
    """12:30 is 750."""
    value = 0.0
    for part in text.lstrip("+-").replace("_", "").split(":"):
        value = value * 60 + float(part)
    return -value if text.startswith("-") else value


def _ambiguity(text: str) -> str:
    old, new = _value_1_1(text), _value_1_2(text)
    if repr(old) == repr(new) and type(old) is type(new):  # NaN is not equal to itself, its repr is
        return ""
    kubernetes = _described(resolve(text))
    return f"{text} is {_described(old)} in YAML 1.1 and {_described(new)} in YAML 1.2; Kubernetes reads {kubernetes}"


def _described(value: Scalar) -> str:
    if isinstance(value, str):
        return "a date" if isinstance(value, _Moment) else "a text"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(json_value(value))
