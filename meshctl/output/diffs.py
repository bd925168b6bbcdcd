"""What start would change: each object, and below it each field with its old and its new value."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from meshctl.output import wording
from meshctl.output.documents import document
from meshctl.output.terminal import Terminal

if TYPE_CHECKING:
    from meshctl.compare import FieldChange
    from meshctl.lifecycle import Change

Paint = Callable[..., str]
_SIGNS = {"create": ("+", "green"), "update": ("~", "yellow"), "delete": ("-", "red"), "replace": ("±", "magenta")}
_CONTEXT_LINES = 2


def show(changes: Sequence[Change], form: str, terminal: Terminal, *, summary: bool) -> str:
    if form in ("json", "yaml"):
        return document(form, {"changes": [_body(change, summary=summary) for change in changes]})
    if not changes:
        return "no changes"
    lines = [line for change in changes for line in _object(change, terminal.paint, summary=summary)]
    return "\n".join([*lines, "", *_sum(changes)])


def _body(change: Change, *, summary: bool) -> dict[str, Any]:
    fields = [] if summary else [{"path": each.path, "old": each.old, "new": each.new} for each in change.fields]
    return {
        "object": change.ref.as_dict(),
        "service": change.service,
        "op": change.op,
        "verified": change.verified,
        "owner": change.owner,
        "fields": fields,
    }


def _object(change: Change, paint: Paint, *, summary: bool) -> Iterable[str]:
    sign, color = _SIGNS.get(change.op, ("~", "yellow"))
    note = "" if change.verified else paint("  (not verified)", "dim")
    note += paint(f"  (taken over: {change.owner})", "yellow") if change.owner else ""
    yield f"{paint(f'{sign} {wording.resource(change.ref)}', color, 'bold')}  {change.service}{note}"
    if summary or change.op == "delete":
        return
    if change.op == "create":
        whole = {each.path: each.new for each in change.fields}
        yield from _lines("+", whole, paint, indent=4)
        return
    for each in change.fields:
        yield f"    {each.path}"
        yield from _field(each, paint)


def _field(field: FieldChange, paint: Paint) -> Iterable[str]:
    """Texts of several lines as a diff of their lines; anything else as it was and as it will be."""
    if isinstance(field.old, str) and isinstance(field.new, str) and "\n" in field.old + field.new:
        yield from _text(field.old, field.new, paint)
        return
    if field.old is not None:
        yield from _lines("-", field.old, paint)
    if field.new is not None:
        yield from _lines("+", field.new, paint)


def _lines(sign: str, value: Any, paint: Paint, *, indent: int = 6) -> Iterable[str]:
    """A text as it is; what has parts as YAML, each line with its sign."""
    from meshctl import yamlio

    text = value if isinstance(value, str) and value else yamlio.dump(value)
    color = "red" if sign == "-" else "green"
    for line in text.splitlines():
        yield " " * indent + paint(f"{sign} {line}".rstrip(), color)


def _text(old: str, new: str, paint: Paint) -> Iterable[str]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=_CONTEXT_LINES)
    for line in list(lines)[2:]:
        color = {"-": ("red",), "+": ("green",), "@": ("cyan",)}.get(line[:1], ())
        yield f"      {paint(f'{line[:1]} {line[1:]}'.rstrip(), *color)}"


def _sum(changes: Sequence[Change]) -> Iterable[str]:
    counts = {op: sum(change.op == op for change in changes) for op in dict.fromkeys(change.op for change in changes)}
    told = ", ".join(f"{number} to {op}" for op, number in counts.items())
    yield f"{wording.count(len(changes), 'object')}: {told}"
    if not all(change.verified for change in changes):
        why = "its namespace or CRD is not there yet, or what it replaces still is"
        yield f"(not verified): the server could not be asked: {why}"
