"""This terminal as a container's own: its keys, its size, its streams."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TextIO

from meshctl.cli.signals import ending_at_once

if TYPE_CHECKING:
    from meshctl.cluster import Execution
    from meshctl.output.terminal import Terminal

_CHUNK = 32 * 1024


def attach(execution: Execution, *, stdin: bool, tty: bool) -> int:
    """Carries input and output until the command has ended; its exit code. Raises ClusterError."""
    with _raw(sys.stdin if tty else None) as restore, ending_at_once(lambda _: restore()), closing(execution):
        if tty:
            _follow_size(execution)
        if stdin:
            threading.Thread(target=_feed, args=(execution, sys.stdin.fileno()), name="stdin", daemon=True).start()
        for stream, data in execution:
            _write(sys.stdout if stream == "stdout" else sys.stderr, data)
    return execution.exit_code or 0


def is_terminal(terminal: Terminal, *, asked: bool) -> bool:
    """Whether a command can be given this terminal; who asked for one where there is none is told so, as by kubectl."""
    there = terminal.stdin.isatty()
    if asked and not there:
        terminal.notice("warning: the input is no terminal, so the command gets none")
    return asked and there


def _feed(execution: Execution, descriptor: int) -> None:
    """A thread of its own: reading may wait for ever, and then ends with the process."""
    with suppress(OSError):
        while data := os.read(descriptor, _CHUNK):
            execution.send(data)
    execution.end_input()


def _write(stream: TextIO, data: bytes) -> None:
    """As it came: it may be no text at all, or half of a letter."""
    stream.flush()
    stream.buffer.write(data)
    stream.buffer.flush()


@contextmanager
def _raw(terminal: TextIO | None) -> Iterator[Callable[[], None]]:
    """Every key goes to the command, Ctrl-C too. Gives what puts the terminal back; that may be called twice."""
    if terminal is None:
        yield lambda: None
        return
    import termios
    import tty

    descriptor = terminal.fileno()
    before = termios.tcgetattr(descriptor)

    def restore() -> None:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    tty.setraw(descriptor)
    try:
        yield restore
    finally:
        restore()


def _follow_size(execution: Execution) -> None:
    """Tells the size now and whenever it changes: in a thread, as a signal may come while the connection is in use."""
    changes: SimpleQueue[Any] = SimpleQueue()
    signal.signal(signal.SIGWINCH, lambda *_: changes.put(None))

    def follow() -> None:
        while True:
            with suppress(OSError):
                size = os.get_terminal_size(sys.stdin.fileno())
                execution.resize(size.columns, size.lines)
            changes.get()

    threading.Thread(target=follow, name="size", daemon=True).start()
