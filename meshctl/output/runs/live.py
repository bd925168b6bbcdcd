"""The live table of a run: drawn over itself while the run goes on, and wiped for the summary at its end.

It never scrolls: with more services than lines, what has ended and what has not begun are told in one line together.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from meshctl.output import wording
from meshctl.output.runs.board import ACTIVE, ENDED, Board, Phase, Row
from meshctl.output.runs.plain import replicas
from meshctl.output.runs.summary import PHASE_STYLES
from meshctl.output.tables import Column, table
from meshctl.output.terminal import ECHO, Terminal, paint

_COLUMNS = (
    Column(" "),
    Column("SERVICE"),
    Column("STATE", style=lambda text: PHASE_STYLES[text]),
    Column("READY"),
    Column("TIME"),
    Column("WAITS FOR"),
)
_paint = partial(paint, colored=True)
_MARKS = {Phase.READY: "✓", Phase.GONE: "✓", Phase.FAILED: "✗", Phase.BLOCKED: "✗", Phase.PENDING: " "}
_LINES_AROUND = 5
"""Title, bar, headers, the line of what is left out, and one below so that the screen never scrolls."""
_REFRESH_PER_SECOND = 8


class LiveTable:
    """Draws a board until it is closed; `clock` gives seconds since the epoch."""

    def __init__(self, terminal: Terminal, board: Board, clock: Callable[[], float]) -> None:
        self._board = board
        self._clock = clock
        self._console = Console(
            file=terminal.stdout,
            force_terminal=True,
            no_color=not terminal.colored,
            highlight=False,
            emoji=False,
            markup=False,
        )
        self._live = Live(
            console=self._console,
            get_renderable=self._draw,
            refresh_per_second=_REFRESH_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def say(self, text: str) -> None:
        """A line that stays, above the table: written anywhere else it would shift what is drawn over."""
        self._console.print(text)

    def close(self) -> None:
        self._live.stop()

    def abandon(self) -> None:
        """Leaves the table where it is and shows the cursor again, past rich and Python's buffers.

        A signal's handler may have stopped them in the middle of a print, or while they wait for each other.
        """
        with suppress(OSError):
            os.write(self._console.file.fileno(), b"\x1b[?25h\n")

    def _draw(self) -> RenderableType:
        size = self._console.size
        return draw(self._board, now=self._clock(), width=size.width - ECHO, height=size.height)


def draw(board: Board, *, now: float, width: int, height: int) -> RenderableType:
    """The whole picture, in less than `height` lines."""
    if not board.planned:
        return Text("…")
    rows = list(board.rows.values())
    shown = choose(rows, max(1, height - _LINES_AROUND))
    left_out = _left_out(rows, shown)
    return Group(
        _title(board, now, width),
        _bar(board, width),
        _table(board, shown, now, width),
        Text(left_out, style="dim", no_wrap=True, overflow="ellipsis"),
    )


def choose(rows: list[Row], room: int) -> list[Row]:
    """Which rows are shown, in the order of the plan: all, or what failed, what is active, what comes next."""
    if len(rows) <= room:
        return rows
    urgent = [row for row in rows if row.phase is Phase.FAILED]
    active = [row for row in rows if row.phase in ACTIVE]
    coming = [row for row in rows if row.phase is Phase.PENDING]
    ended = [row for row in reversed(rows) if row.phase in ENDED and row.phase is not Phase.FAILED]
    kept = {row.service for row in [*urgent, *active, *coming, *ended][:room]}
    return [row for row in rows if row.service in kept]


def _left_out(rows: list[Row], shown: list[Row]) -> str:
    names = {row.service for row in shown}
    counts: dict[Phase, int] = {}
    for row in rows:
        if row.service not in names:
            counts[row.phase] = counts.get(row.phase, 0) + 1
    told = ", ".join(f"{counts[phase]} {phase}" for phase in Phase if phase in counts)
    return f"… and {told}" if told else ""


def _title(board: Board, now: float, width: int) -> RenderableType:
    assert board.planned  # noqa: S101 - drawn from the plan on
    plan = board.planned
    left = Text.assemble((plan.action, "bold"), f" · {plan.context} · {plan.namespace}")
    right = wording.seconds(max(0.0, now - plan.time))
    left.truncate(max(10, width - len(right) - 1), overflow="ellipsis")
    left.append(" " * max(1, width - left.cell_len - len(right)) + right)
    return left


def _bar(board: Board, width: int) -> RenderableType:
    total = max(1, len(board.rows))
    told = f" {board.ended}/{len(board.rows)}"
    style = "red" if board.failures else "green"
    grid = Table.grid()
    bar = ProgressBar(total, board.ended, width=max(10, width - len(told)), complete_style=style, finished_style=style)
    grid.add_row(bar, told)
    return grid


def _table(board: Board, rows: list[Row], now: float, width: int) -> RenderableType:
    """In the columns of every other table, cut at the screen's edge: rich would squeeze the names instead."""
    lines = table(_COLUMNS, [_cells(row, board.waits_for(row), now) for row in rows], width=width, paint=_paint)
    return Text.from_ansi(lines, no_wrap=True, overflow="crop")


def _cells(row: Row, waits_for: str, now: float) -> list[str]:
    time = wording.seconds(row.seconds(now)) if row.began else "-"
    count = replicas(row.ready, row.wanted, "{}/{}") or "-"
    return [_MARKS.get(row.phase, "●"), row.service, row.phase, count, time, wording.one_line(waits_for) or "-"]
