"""Chooses how a run is shown, and shows it: a live table, one line an event, or one JSON record an event."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from meshctl.events import ErrorRaised, Event, Finished, Planned, record
from meshctl.output.documents import as_line
from meshctl.output.runs.board import Board
from meshctl.output.runs.plain import PlainLines, prunes
from meshctl.output.runs.summary import summary
from meshctl.output.terminal import Terminal

if TYPE_CHECKING:
    from meshctl.output.runs.live import LiveTable


class Printer(ABC):
    """Shows the events of one run. As a context it tidies up what it drew, whatever happens."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    @abstractmethod
    def show(self, event: Event) -> None: ...

    def notice(self, text: str) -> None:
        """What is no event, on stderr."""
        self._terminal.notice(text)

    def close(self) -> None:  # noqa: B027 - most printers draw nothing that would need tidying
        """Leaves the terminal as a prompt may follow; may be called again."""

    def abandon(self) -> None:
        """As `close`, for a process that ends now and can wait for nothing."""
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def printer(form: str, terminal: Terminal, *, clock: Callable[[], float] = time.time) -> Printer:
    """`form` is json or human; the terminal decides which human form."""
    if form == "json":
        return JsonPrinter(terminal)
    return LivePrinter(terminal, clock) if terminal.live else PlainPrinter(terminal)


class JsonPrinter(Printer):
    """Each line is complete and flushed: a reader acts on it while the run goes on."""

    def show(self, event: Event) -> None:
        self._terminal.result(as_line(record(event)))
        self._terminal.stdout.flush()


class PlainPrinter(Printer):
    """One line an event, then the summary; the summary alone when quiet."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(terminal)
        self._lines = PlainLines()
        self._board = Board()

    def show(self, event: Event) -> None:
        self._board.take(event)
        line = self._lines.line(event)
        if line and not self._terminal.quiet and not isinstance(event, ErrorRaised):
            self._terminal.result(line)
        if isinstance(event, Finished):
            self._terminal.result(summary(self._board, self._terminal.paint))
        self._terminal.stdout.flush()


class LivePrinter(Printer):
    """The table while the run goes on, then the summary, which fits on one screen."""

    def __init__(self, terminal: Terminal, clock: Callable[[], float]) -> None:
        from meshctl.output.runs.live import LiveTable

        super().__init__(terminal)
        self._board = Board()
        self._table: LiveTable | None = LiveTable(terminal, self._board, clock)

    def show(self, event: Event) -> None:
        self._board.take(event)
        if isinstance(event, Planned) and event.prunes:
            self.notice(prunes(event))
        if isinstance(event, Finished):
            self.close()
            width, height = self._terminal.width, self._terminal.height
            self._terminal.result(summary(self._board, self._terminal.paint, width=width, height=height))

    def notice(self, text: str) -> None:
        if self._table:
            self._table.say(text)
        else:
            super().notice(text)

    def close(self) -> None:
        if self._table:
            self._table.close()
            self._table = None

    def abandon(self) -> None:
        if self._table:
            self._table.abandon()
