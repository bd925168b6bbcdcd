"""Aligned columns in kubectl's manner: capital headers, `<none>`, three blanks between, no boxes; awk reads them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

NOTHING = "<none>"
_GAP = "   "


class Column(NamedTuple):
    """`wide` columns are shown with `-o wide` alone; `style` names the colours of a cell by its text."""

    title: str
    wide: bool = False
    style: Callable[[str], Sequence[str]] | None = None


def table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    *,
    wide: bool = False,
    width: int = 0,
    paint: Callable[..., str] = lambda text, *_: text,
) -> str:
    """`width` other than 0 cuts the last column there, for a terminal: a wrapped table cannot be read."""
    shown = [index for index, column in enumerate(columns) if wide or not column.wide]
    cells = [[row[index] or NOTHING for index in shown] for row in rows]
    titles = [columns[index].title for index in shown]
    widths = [max(cell_width(text) for text in texts) for texts in zip(titles, *cells, strict=True)]
    lines = [_line(titles, widths, width)]
    for row in cells:
        styles = [columns[index].style for index in shown]
        lines.append(_line(row, widths, width, styles, paint))
    return "\n".join(lines)


def _line(
    cells: Sequence[str],
    widths: Sequence[int],
    limit: int,
    styles: Sequence[Callable[[str], Sequence[str]] | None] = (),
    paint: Callable[..., str] = lambda text, *_: text,
) -> str:
    line = ""
    room = limit
    for index, text in enumerate(cells):
        last = index == len(cells) - 1
        shown = cut(text, room) if last and limit else text
        padding = "" if last else " " * (widths[index] - cell_width(text)) + _GAP
        style = styles[index] if styles else None
        line += (paint(shown, *style(text)) if style else shown) + padding
        room -= widths[index] + len(_GAP)
    return line.rstrip()


def cell_width(text: str) -> int:
    """Columns that the text takes on a terminal: wide East Asian letters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(_letter_width(letter) for letter in text)


def _letter_width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def cut(text: str, width: int) -> str:
    """The text in at most `width` columns, an ellipsis showing that some is missing; never less than ten."""
    width = max(width, 10)
    if cell_width(text) <= width:
        return text
    kept = ""
    for letter in text:
        if cell_width(kept + letter) > width - 1:
            break
        kept += letter
    return kept + "…"
