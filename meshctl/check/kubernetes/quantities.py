"""Quantities as Kubernetes writes them: `100m`, `1.5Gi`, `2`, `1e3`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d{1,9}))?", re.ASCII)
_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", 1)},
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}


def is_quantity(value: Any) -> bool:
    """A number counts: YAML needs no quotes for `cpu: 2`."""
    return (value.__class__ in (int, float)) or (value.__class__ is str and _QUANTITY.fullmatch(value) is not None)


def quantity(value: Any) -> Decimal | None:
    """Its worth, None for what is none."""
    if value.__class__ in (int, float):
        return Decimal(str(value))
    match = _QUANTITY.fullmatch(value) if value.__class__ is str else None
    if match is None:
        return None
    if match[3]:
        return Decimal(f"{match[1]}e{match[3]}")  # which no context rounds or refuses
    return Decimal(match[1]) * _SUFFIXES.get(match[2] or "", Decimal(1))


def is_fraction(value: Any) -> bool:
    """Whether it is a quantity, and no whole number."""
    amount = quantity(value)
    return amount is not None and amount != amount.to_integral_value()
