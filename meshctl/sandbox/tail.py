"""The logs of the sandbox's own programs, several files as one stream."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from meshctl.errors import SandboxError
from meshctl.sandbox import PROGRAMS
from meshctl.sandbox.folders import Folders

POLL_SECONDS = 0.2


def read_logs(name: str, program: str | None, *, follow: bool, tail: int | None) -> Iterator[tuple[str, str]]:
    """`tail` counts lines of each program. Following ends when the sandbox is gone."""
    folders = Folders(name)
    if program is not None and program not in PROGRAMS:
        raise SandboxError(f"the sandbox has no program {program!r}", suggestion=f"one of {', '.join(PROGRAMS)}")
    wanted = [program] if program else PROGRAMS
    if not folders.logs.exists():
        raise SandboxError(f"there is no sandbox {name}", suggestion="meshctl sandbox up")
    with contextlib.ExitStack() as stack:
        streams = {
            entry: stack.enter_context(folders.log(entry).open("rb")) for entry in wanted if folders.log(entry).exists()
        }
        for entry, stream in streams.items():
            for line in deque(_complete_lines(stream), maxlen=tail):
                yield entry, line
        while follow and folders.logs.exists():
            for entry, stream in streams.items():
                for line in _complete_lines(stream):
                    yield entry, line
            time.sleep(POLL_SECONDS)


def _complete_lines(stream: BinaryIO) -> Iterator[str]:
    """A line that is still being written is left for the next time."""
    while True:
        start = stream.tell()
        line = stream.readline()
        if not line.endswith(b"\n"):
            stream.seek(start)
            return
        yield line.decode("utf-8", errors="replace").rstrip("\n")
