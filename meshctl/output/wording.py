"""How values are worded for people, the same in every table and line."""

from __future__ import annotations

from meshctl.identity import ObjectRef


def resource(reference: ObjectRef) -> str:
    """`deployment.apps/cart`, as kubectl writes it."""
    group = f".{reference.group}" if reference.group else ""
    return f"{reference.kind.lower()}{group}/{reference.name}"


def seconds(value: float) -> str:
    """`0.3s`, `12s`, `1m05s`, `2h03m`: tenths only where they can matter."""
    if value < 9.95:
        return f"{value:.1f}s"
    whole = round(value)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s"
    return f"{minutes // 60}h{minutes % 60:02}m"


_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400
_AGES = (
    (2 * _MINUTE, 1, "s", 0, ""),
    (10 * _MINUTE, _MINUTE, "m", 1, "s"),
    (3 * _HOUR, _MINUTE, "m", 0, ""),
    (8 * _HOUR, _HOUR, "h", _MINUTE, "m"),
    (2 * _DAY, _HOUR, "h", 0, ""),
    (8 * _DAY, _DAY, "d", _HOUR, "h"),
    (2 * _YEAR, _DAY, "d", 0, ""),
    (8 * _YEAR, _YEAR, "y", _DAY, "d"),
    (float("inf"), _YEAR, "y", 0, ""),
)
"""Below how many seconds, which unit, its letter, and the unit and the letter of the rest, where a rest is told."""


def age(value: int) -> str:
    """Seconds as kubectl words ages, the finer the younger: `45s`, `5m30s`, `120m`, `5h12m`, `30h`, `3d4h`, `3y`."""
    _, unit, letter, smaller, rest_letter = next(row for row in _AGES if value < row[0])
    whole, rest = divmod(value, unit)
    told = rest // smaller if smaller else 0
    return f"{whole}{letter}{told}{rest_letter}" if told else f"{whole}{letter}"


def one_line(text: str) -> str:
    """The text without line breaks and control characters: what a cluster says may hold any."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 service`, `2 services`, `3 replicas`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
