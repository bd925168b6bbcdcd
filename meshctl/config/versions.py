"""Ranges of versions, as people write them: `>=1.2`, `~=1.2`, `^1.2`, `~1.2`, `1.x`, and several joined by commas."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

Release = tuple[int, ...]

_NUMBERS = r"[0-9]{1,9}(?:\.[0-9]{1,9})*"
_CLAUSE = re.compile(rf"(>=|<=|==|!=|~=|>|<|\^|~|) *({_NUMBERS})(\.[xX*])?")
_TAIL = r"(?:[-+.]?[A-Za-z][\w.+-]*)?"  # of a version that is none yet, or of a build
_ROUGHLY = re.compile(rf"([<>=!~^≥≤]*)\s*v?(?<![0-9])({_NUMBERS})(?![0-9])(\.[xX*])?{_TAIL}")
_FROM_TO = re.compile(rf"\s*v?({_NUMBERS})\s+-\s+v?({_NUMBERS})\s*")
_BETWEEN = re.compile(r"(?:\s|,|;|&|\band\b)*")
_SIGNS = {"": ">=", "=": "==", "===": "==", "=>": ">=", "=<": "<=", "≥": ">=", "≤": "<=", "~>": "~="}
_COMPARE: dict[str, Callable[[Release, Release], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


class Bound(NamedTuple):
    """One comparison, as PEP 440 has it."""

    sign: str
    release: Release

    def holds(self, version: Release) -> bool:
        """1.2 is 1.2.0."""
        width = max(len(version), len(self.release))
        have, wanted = (numbers + (0,) * (width - len(numbers)) for numbers in (version, self.release))
        return _COMPARE[self.sign](have, wanted)

    def __str__(self) -> str:
        return self.sign + ".".join(map(str, self.release))


def release_of(version: str) -> Release:
    """The numbers that a version begins with."""
    found = re.match(_NUMBERS, version)
    return _release(found[0]) if found else ()


def bounds(text: str) -> list[Bound]:
    """All that has to hold of a version in the range. Raises ValueError with the part that is not understood."""
    return [bound for clause in text.split(",") for bound in _bounds(clause.strip(" "))]


def nearest_range(text: str) -> str:
    """The range that was probably meant by a text that is none, "" where that cannot be told."""
    if pair := _FROM_TO.fullmatch(text):
        return f">={pair[1]}, <={pair[2]}"
    clauses = [_plainly(*found) for found in _ROUGHLY.findall(text)]
    if not clauses or "" in clauses or not _BETWEEN.fullmatch(_ROUGHLY.sub("", text)):
        return ""
    return ", ".join(clauses)


def _bounds(clause: str) -> Sequence[Bound]:
    found = _CLAUSE.fullmatch(clause)
    if found is None or not _is_clear(found[1], found[2], found[3]):
        raise ValueError(clause)
    sign, release = found[1], _release(found[2])
    if sign in _COMPARE:
        return [Bound(sign, release)]
    return Bound(">=", release), Bound("<", _end(sign, release))


def _is_clear(sign: str, numbers: str, wildcard: str | None) -> bool:
    """A wildcard has no sign, and everything else has one; `~=1` is none in PEP 440 either."""
    return bool(wildcard) != bool(sign) and not (sign == "~=" and "." not in numbers)


def _end(sign: str, release: Release) -> Release:
    """The first version after those that a range without an upper bound of its own is for."""
    last = len(release) - 1
    grows = {
        "~=": last - 1,
        "~": min(1, last),
        "^": next((place for place, number in enumerate(release) if number), last),
        "": last,
    }[sign]
    return (*release[:grows], release[grows] + 1)


def _plainly(sign: str, numbers: str, wildcard: str) -> str:
    """A clause in our form, "" if it is not clear what it means."""
    sign = sign if wildcard and not sign else _SIGNS.get(sign, sign)
    if wildcard and sign in ("==", "~=", "~", "^"):
        sign = ""
    elif wildcard and sign in (">=", "<"):
        wildcard = ""
    elif sign == "~=" and "." not in numbers:
        sign = "~"
    clause = f"{sign}{numbers}{wildcard}"
    found = _CLAUSE.fullmatch(clause)
    return clause if found and _is_clear(sign, numbers, wildcard) else ""


def _release(numbers: str) -> Release:
    return tuple(map(int, numbers.split(".")))
