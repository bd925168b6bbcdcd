"""Kubernetes' quantities: the server keeps `1000m` as `1` and `1024Mi` as `1Gi`."""

from __future__ import annotations

import re
from decimal import Decimal

_SUFFIXES = {
    "": Decimal(1),
    **{
        suffix: Decimal(10) ** power
        for suffix, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)
    },
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
}
_FORM = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)")


def parse_quantity(text: str) -> Decimal | None:
    """The number that a quantity stands for; None when it is no quantity."""
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    number, exponent, suffix = form.groups()
    return Decimal(number) * (Decimal(10) ** int(exponent) if exponent else _SUFFIXES[suffix or ""])


def same_quantity(one: object, other: object) -> bool:
    first, second = parse_quantity(str(one)), parse_quantity(str(other))
    return first is not None and first == second
