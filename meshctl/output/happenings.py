"""Events of services, as kubectl lists them, with the service before."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from meshctl.events import FORMAT_VERSION
from meshctl.output import wording
from meshctl.output.documents import as_line, document
from meshctl.output.tables import Column, table
from meshctl.output.terminal import ECHO, Terminal

if TYPE_CHECKING:
    from meshctl.inventory import EventRow

COLUMNS = (
    Column("LAST SEEN"),
    Column("SERVICE"),
    Column("TYPE", style=lambda kind: ("yellow",) if kind == "Warning" else ()),
    Column("REASON"),
    Column("OBJECT"),
    Column("SOURCE", wide=True),
    Column("MESSAGE"),
)


def show(rows: Sequence[EventRow], form: str, terminal: Terminal) -> str:
    if form in ("json", "yaml"):
        return document(form, {"events": [row.record() for row in rows]})
    return _table(rows, terminal, wide=form == "wide") if rows else "no events"


class Stream:
    """Events one after the other: those that there are, then each that is new or was seen again."""

    def __init__(self, form: str, terminal: Terminal) -> None:
        self._form = form
        self._terminal = terminal
        self._seen: dict[str, EventRow] = {}

    def show(self, rows: Iterable[EventRow]) -> None:
        fresh = [row for row in rows if self._seen.get(row.uid) != row]
        first = not self._seen
        self._seen |= {row.uid: row for row in fresh}
        if fresh:
            self._terminal.result(self._text(fresh, first=first))
            self._terminal.stdout.flush()

    def _text(self, rows: Sequence[EventRow], *, first: bool) -> str:
        if self._form == "json":
            return "\n".join(as_line({"meshctl": FORMAT_VERSION, **row.record()}) for row in rows)
        if self._form == "yaml":
            return "".join(f"---\n{document('yaml', row.record())}" for row in rows)
        header, *lines = _table(rows, self._terminal, wide=self._form == "wide").splitlines()
        return "\n".join([header, *lines] if first else lines)


def cells(row: EventRow) -> list[str]:
    """`9s (x3)`: how long ago, and how often when more than once."""
    age = wording.age(max(0, int(time.time() - row.time))) if row.time else "-"
    often = f"{age} (x{row.count})" if row.count > 1 else age
    what = wording.resource(row.object)
    return [often, row.service, row.type, row.reason, what, row.source, wording.one_line(row.message)]


def _table(rows: Sequence[EventRow], terminal: Terminal, *, wide: bool) -> str:
    width = terminal.width - ECHO if terminal.live and not wide else 0
    return table(COLUMNS, [cells(row) for row in rows], wide=wide, width=width, paint=terminal.paint)
