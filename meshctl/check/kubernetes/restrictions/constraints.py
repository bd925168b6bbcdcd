"""The words in which the restrictions of a type are said.

A constraint looks at one mapping, whatever is in it, and tells what the API server refuses there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from meshctl.check.kubernetes.forms import Form
from meshctl.check.kubernetes.quantities import quantity
from meshctl.errors import did_you_mean
from meshctl.yamlio import Path

Trouble: TypeAlias = Literal["range", "form", "together", "empty", "choice"]
Body = Mapping[str, Any]


class Refusal(NamedTuple):
    """`steps` lead from the mapping to the value; `what` follows the name of that in a sentence."""

    trouble: Trouble
    steps: Path
    what: str
    suggestion: str = ""
    at_key: bool = False


Constraint = Callable[[Body], Iterator[Refusal]]
_PERCENT = re.compile(r"(\d{1,9})%")


def within(least: int, most: int | None, *fields: str) -> Constraint:
    """Whole numbers, both ends included."""
    wanted = f"from {least} to {most}" if most is not None else f"at least {least}"

    def constraint(body: Body) -> Iterator[Refusal]:
        for field in fields:
            value = body.get(field)
            if value.__class__ is int and (value < least or (most is not None and value > most)):
                yield Refusal("range", (field,), f"has to be {wanted}, not {value}")

    return constraint


def amounts(least: int, *fields: str, above: bool = False) -> Constraint:
    """Quantities, `above` the least or no less than it; of a mapping each one."""

    def constraint(body: Body) -> Iterator[Refusal]:
        for steps, value in _entries(body, fields):
            amount = quantity(value)
            if amount is not None and (amount < least or (above and amount == least)):
                yield Refusal("range", steps, f"has to be {'more than' if above else 'at least'} {least}, not {value}")

    return constraint


def at_most(most: int, *fields: str) -> Constraint:
    """Entries of lists."""

    def constraint(body: Body) -> Iterator[Refusal]:
        for field in fields:
            value = body.get(field)
            if value.__class__ is list and len(value) > most:
                yield Refusal("range", (field,), f"has to have at most {most} entries, not {len(value)}")

    return constraint


def shares(*fields: str, most: int | None = 100) -> Constraint:
    """A whole number or a percentage of pods."""

    def constraint(body: Body) -> Iterator[Refusal]:
        for field in fields:
            value = body.get(field)
            if value.__class__ is int and value < 0:
                yield Refusal("range", (field,), f"has to be at least 0, not {value}")
            elif value.__class__ is str:
                percent = _PERCENT.fullmatch(value)
                if percent is None:
                    yield Refusal("form", (field,), f'has to be a number or a percentage like 25%, not "{value}"')
                elif most is not None and int(percent[1]) > most:
                    yield Refusal("range", (field,), f"has to be at most {most}%, not {value}")

    return constraint


def formed(form: Form, *fields: str) -> Constraint:
    """Texts, or lists of texts; an empty text counts as absent."""

    def constraint(body: Body) -> Iterator[Refusal]:
        for steps, value in _entries(body, fields):
            if value.__class__ is str and value and not form.fits(value):
                yield Refusal("form", steps, f'has to be {form.title}, not "{_short(value)}"')

    return constraint


def keyed(form: Form, *fields: str) -> Constraint:
    """The keys of mappings."""

    def constraint(body: Body) -> Iterator[Refusal]:
        for field in fields:
            if body.get(field).__class__ is dict:
                for key in body[field]:
                    if not form.fits(key):
                        yield Refusal("form", (field, key), f"has to be {form.title}", at_key=True)

    return constraint


def among(field: str, *choices: str) -> Constraint:
    def constraint(body: Body) -> Iterator[Refusal]:
        value = body.get(field)
        if value.__class__ is str and value and value not in choices:
            listed = " or ".join(filter(None, (", ".join(choices[:-1]), choices[-1])))
            yield Refusal(
                "choice", (field,), f'has to be {listed}, not "{_short(value)}"', did_you_mean(value, choices)
            )

    return constraint


def needed(*fields: str) -> Constraint:
    """Not absent, and not empty."""

    def constraint(body: Body) -> Iterator[Refusal]:
        for field in fields:
            if field not in body or body[field] in (None, "", [], {}):
                yield Refusal(
                    "empty", (field,), "is needed, and empty" if field in body else "is needed, and not given"
                )

    return constraint


def given(*fields: str) -> Constraint:
    """Not absent; what is empty says itself what it lacks."""

    def constraint(body: Body) -> Iterator[Refusal]:
        for field in fields:
            if body.get(field) is None:
                yield Refusal("empty", (field,), "is needed, and not given")

    return constraint


def filled(*fields: str) -> Constraint:
    """Not empty where it is there; that it is absent the schema tells, or nobody minds."""

    def constraint(body: Body) -> Iterator[Refusal]:
        for field in fields:
            if field in body and body[field] in ("", [], {}):
                yield Refusal("empty", (field,), "must not be empty")

    return constraint


def one_of(*fields: str, optional: bool = False) -> Constraint:
    """Exactly one of them, or with `optional` at most one."""

    def constraint(body: Body) -> Iterator[Refusal]:
        given = [field for field in fields if body.get(field) is not None]
        for other in given[1:]:
            yield Refusal("together", (other,), f"cannot be beside {given[0]}", "keep one of them")
        if not given and not optional:
            listed = " or ".join(filter(None, (", ".join(fields[:-1]), fields[-1])))
            yield Refusal("together", (), f"needs {listed}")

    return constraint


def only_when(field: str, other: str, *values: Any, unset: Any = None) -> Constraint:
    """`field` may be given only where `other` has one of the values; `unset` is the value of an absent one."""
    wanted = " or ".join(_told(value) for value in values)

    def constraint(body: Body) -> Iterator[Refusal]:
        given = body.get(field)
        if given not in (None, False, 0, "", []) and _value(body, other, unset) not in values:
            yield Refusal("together", (field,), f"may only be set when {other} is {wanted}")

    return constraint


def needed_when(field: str, other: str, *values: Any, unset: Any = None) -> Constraint:
    """`field` has to be given where `other` has one of the values."""

    def constraint(body: Body) -> Iterator[Refusal]:
        value = _value(body, other, unset)
        if value in values and body.get(field) in (None, "", [], {}):
            yield Refusal("together", (field,), f"is needed when {other} is {_told(value)}")

    return constraint


def inside(field: str, asked: Constraint) -> Constraint:
    """What is asked of the mapping in a field, or of each one in a list there."""

    def constraint(body: Body) -> Iterator[Refusal]:
        inner = items(body, field) if body.get(field).__class__ is list else [((field,), body.get(field))]
        for steps, value in inner:
            if value.__class__ is dict:
                for refusal in asked(value):
                    yield refusal._replace(steps=(*steps, *refusal.steps))

    return constraint


def repeated(keys: Iterable[tuple[Path, Any]]) -> Iterator[tuple[Path, Any]]:
    """Those that an earlier one is the same as; None is no key."""
    seen: set[str] = set()
    for steps, key in keys:
        if key is not None and repr(key) in seen:
            yield steps, key
        seen.add(repr(key))


def mapping(body: Any, *fields: str) -> Body:
    """What is in the innermost of the fields, or nothing."""
    for field in fields:
        body = body.get(field) if body.__class__ is dict else None
    return body if body.__class__ is dict else {}


def sequence(body: Any, field: str) -> list[Any]:
    value = body.get(field) if body.__class__ is dict else None
    return value if value.__class__ is list else []


def items(body: Any, field: str) -> Iterator[tuple[Path, Any]]:
    yield from (((field, index), item) for index, item in enumerate(sequence(body, field)))


def member(item: Any, field: str) -> Any:
    """A field of what may be no mapping; None where it has none, or an empty one."""
    return (item.get(field) or None) if item.__class__ is dict else None


def _value(body: Body, field: str, unset: Any) -> Any:
    value = body.get(field)
    return unset if value in (None, "") else value


def _told(value: Any) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if value.__class__ is bool else str(value)


def _entries(body: Body, fields: tuple[str, ...]) -> Iterator[tuple[Path, Any]]:
    """The values of fields; of lists and mappings, what is in them."""
    for field in fields:
        value = body.get(field)
        if value.__class__ is list:
            yield from items(body, field)
        elif value.__class__ is dict:
            yield from (((field, key), item) for key, item in value.items())
        else:
            yield (field,), value


def _short(value: str) -> str:
    return value if len(value) <= 60 else f"{value[:60]}…"
