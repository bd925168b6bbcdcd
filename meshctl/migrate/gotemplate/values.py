"""What an expression may be worth: the values of the project's own vars, one for each environment.

They decide how an expression is written in Jinja: a text prints the same in both engines, false and nil do not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any


class _Missing:
    """A key that a map does not have."""

    def __bool__(self) -> bool:
        return False


MISSING = _Missing()
Samples = tuple[Any, ...]


@dataclass(frozen=True)
class Term:
    """An expression of Jinja. `samples` are what it is worth in each environment, None where nobody can tell.

    `single` may be followed by a filter or an operator as it is. `undefined` is a var that no config has.
    """

    code: str
    samples: Samples | None
    single: bool = False
    undefined: bool = False

    @property
    def operand(self) -> str:
        return self.code if self.single else f"({self.code})"

    @property
    def may_be_missing(self) -> bool:
        return self.samples is None or any(sample is MISSING for sample in self.samples)

    def present(self) -> Term:
        """The same where something has made sure that it is there and true."""
        kept = tuple(sample for sample in self.samples or () if sample)
        return replace(self, samples=kept or None)

    def known(self, kind: type | tuple[type, ...]) -> bool:
        """Whether all samples that are there are of a kind; a bool is no int."""
        there = [sample for sample in self.samples or () if sample is not MISSING]
        return bool(there) and all(
            isinstance(each, kind) and not (isinstance(each, bool) and kind is int) for each in there
        )

    def defined(self) -> Term:
        """The same, as null where it is missing: Jinja refuses to compare or to pass on what is not there."""
        if not self.may_be_missing:
            return self
        samples = None if self.samples is None else tuple(None if each is MISSING else each for each in self.samples)
        return Term(f"{self.operand} | default(none)", samples)


def field_of(samples: Samples | None, name: str) -> Samples | None:
    """The samples of a field; nobody can tell for one of something that has no fields."""
    found = []
    for sample in samples or ():
        if isinstance(sample, Mapping):
            found.append(sample.get(name, MISSING))
        elif sample is not MISSING and sample is not None:
            return None
    return tuple(found) or None


def elements_of(samples: Samples | None) -> tuple[Samples | None, Samples | None]:
    """The samples of the keys and of the values of what is ranged over."""
    keys: list[Any] = []
    values: list[Any] = []
    for sample in samples or ():
        if isinstance(sample, Mapping):
            keys.extend(sample)
            values.extend(sample.values())
        elif isinstance(sample, list):
            keys.extend(range(len(sample)))
            values.extend(sample)
        elif isinstance(sample, int) and not isinstance(sample, bool):
            keys.append(0)
            values.append(0)
    return tuple(keys) or None, tuple(values) or None


def go_text(value: Any) -> str:
    """As Go's fmt.Sprint has it."""
    return "<no value>" if value is None or value is MISSING else _nested(value)


def _nested(value: Any) -> str:
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return go_float(value)
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{_nested(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(map(_nested, value)) + "]"
    return str(value)


def go_float(value: float) -> str:
    """The shortest digits; with an exponent from 1e21 on and below 1e-4."""
    if not math.isfinite(value):
        return {"inf": "+Inf", "-inf": "-Inf"}.get(str(value), "NaN")
    digits = next(digits for digits in range(17) if float(f"{value:.{digits}e}") == value)
    scientific = f"{value:.{digits}e}"
    if -4 <= int(scientific.partition("e")[2]) < 21:
        return f"{value:.{max(0, digits - int(scientific.partition('e')[2]))}f}"
    return scientific


def prints_alike(samples: Iterable[Any], written: Callable[[Any], str]) -> bool:
    """Whether both engines write the same for all of them."""
    return all(go_text(sample) == written(sample) for sample in samples)
