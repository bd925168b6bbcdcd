"""One process at a time, and the others say what they wait for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from meshctl.sandbox import Progress


def hold(stack: contextlib.ExitStack, file: Path, step: str, message: str) -> Iterator[Progress]:
    """Holds the lock until the stack is closed. The system lets it go when the process dies."""
    import filelock

    file.parent.mkdir(parents=True, exist_ok=True)
    # A generator may be closed by another thread than the one that began it.
    lock = filelock.FileLock(file, thread_local=False)
    waited = 0.0
    while True:
        try:
            lock.acquire(timeout=1.0, poll_interval=0.05)
        except filelock.Timeout:
            waited += 1.0
            yield Progress(step, message, seconds=waited)
        else:
            stack.callback(lock.release)
            return
