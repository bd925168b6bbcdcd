"""What the operating system tells us: Ctrl-C, SIGTERM, a reader that went away."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, Protocol

from meshctl.errors import Interrupted


class Interruptible(Protocol):
    """What long work looks at between its steps."""

    def set(self, exit_code: int) -> None: ...

    def is_set(self) -> bool: ...


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised where Ctrl-C would be: no handler of errors below `cli` takes it for one of its own."""


def terminate_as_interrupt() -> None:
    """SIGTERM unwinds as Ctrl-C does, so that what is open is closed, and ends with 143."""
    signal.signal(signal.SIGTERM, _raise_terminated)


def _raise_terminated(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    raise Terminated


def interruption_of(raised: KeyboardInterrupt) -> Interrupted:
    """What is told of it."""
    return interruption(128 + (signal.SIGTERM if isinstance(raised, Terminated) else signal.SIGINT))


def interruption(exit_code: int) -> Interrupted:
    """The error of Ctrl-C, 130, or of SIGTERM, 143."""
    if exit_code == Interrupted.exit_code:
        return Interrupted("interrupted")
    error = Interrupted("terminated", code="Terminated")
    error.exit_code = exit_code
    return error


@contextmanager
def interruptible(work: Interruptible, *, notice: Callable[[str], None], at_once: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM asks the work to end; the second ends the process, after `at_once` has tidied up."""

    def ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        code = 128 + number
        if work.is_set():
            try:
                at_once()
                sys.stdout.flush()
            finally:
                os._exit(code)
        work.set(code)
        notice("interrupted: finishing what has begun; once more ends at once")

    with _handled_by(ask):
        yield


@contextmanager
def ending_at_once(tidy: Callable[[int], None]) -> Iterator[None]:
    """For what only reads: nothing must be finished, and a server that does not answer must not hold up the end.

    `tidy` is given the exit code; it says what there is to say, and leaves the terminal as a prompt may follow.
    """

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        try:
            tidy(128 + number)
            sys.stdout.flush()
        finally:
            os._exit(128 + number)

    with _handled_by(end):
        yield


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def die_of_broken_pipe() -> int:
    """Ends as every other program does whose reader went away, silently; an exit code where that cannot be done."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    return 1
