"""The steps of something slow that is no run of services: one line that is written over, or one line a step."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from meshctl.output import wording
from meshctl.output.tables import cut
from meshctl.output.terminal import Terminal

_BAR = 24
_WORTH_TELLING = 0.1
"""Seconds."""
_PLAIN_STEPS = 10
"""In a pipe, a count is told about this often from its beginning to its end."""


class Step(Protocol):
    """`done` of `total` where something is counted, total 0 where not."""

    @property
    def step(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def seconds(self) -> float: ...


class ProgressLines:
    """Told on stderr. As a context it ends the line that it writes over."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._last = ("", "", 0)
        self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_line()

    def show(self, step: Step) -> None:
        tenth = step.done * _PLAIN_STEPS // step.total if step.total else 0
        told = (step.step, "" if step.total else step.message, tenth)
        if self._terminal.live_errors:
            self._draw(step, same=told[:2] == self._last[:2])
        elif told != self._last:
            self._terminal.notice(_plain(step))
        self._last = told

    def _draw(self, step: Step, *, same: bool) -> None:
        if not same:
            self._end_line()
        stream = self._terminal.stderr
        stream.write(f"\r\x1b[K{cut(_line(step), self._terminal.width - 1)}")
        stream.flush()
        self._open = True

    def _end_line(self) -> None:
        if self._open:
            self._terminal.stderr.write("\n")
            self._open = False


def _plain(step: Step) -> str:
    counted = f" {step.done}/{step.total}" if step.total else ""
    elapsed = f" ({wording.seconds(step.seconds)})" if step.seconds >= _WORTH_TELLING else ""
    return f"{wording.one_line(step.message)}{counted}{elapsed}"


def _line(step: Step) -> str:
    if not step.total:
        return _plain(step)
    filled = min(_BAR, _BAR * step.done // step.total)
    bar = "━" * filled + "·" * (_BAR - filled)
    return f"{bar} {step.done}/{step.total} {wording.seconds(step.seconds)} {wording.one_line(step.message)}"
