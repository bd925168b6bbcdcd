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


def terminate_as_error() -> None:
    """SIGTERM unwinds like any error, so that what is open is closed, and ends with 143."""
    signal.signal(signal.SIGTERM, _raise_terminated)


def _raise_terminated(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    error = Interrupted("terminated", code="Terminated")
    error.exit_code = 143
    raise error


@contextmanager
def interruptible(work: Interruptible, *, notice: Callable[[str], None], at_once: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM asks the work to end; the second ends the process, after `at_once` has tidied up."""

    def ask(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        code = 128 + number
        if work.is_set():
            at_once()
            sys.stdout.flush()
            os._exit(code)
        work.set(code)
        notice("interrupted: finishing what has begun; once more ends at once")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def die_of_broken_pipe() -> int:
    """Ends as every other program does whose reader went away, silently; an exit code where that cannot be done."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    return 1
