"""Whole processes against the clock, ours and the peer's by turns."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

Work = Callable[[int], float]  # takes the number of the run, gives what was measured


@dataclass(frozen=True)
class Row:
    """One line of the table. `limit` is the greatest ratio of ours to theirs that is promised, or, where there is no
    peer, the greatest value."""

    what: str
    ours: float
    peer: str
    theirs: float | None
    limit: float
    unit: str = "s"

    @property
    def measured(self) -> float:
        """What the promise is about."""
        return self.ours if self.theirs is None else self.ours / self.theirs

    @property
    def held(self) -> bool:
        return self.measured <= self.limit


def compare(what: str, ours: Work, peer: str, theirs: Work, *, limit: float, runs: int) -> Row:
    """The medians of both. They take turns, so that a machine that slows down slows both."""
    pairs = [(ours(number), theirs(number)) for number in range(runs)]
    return Row(what, median(pair[0] for pair in pairs), peer, median(pair[1] for pair in pairs), limit)


def seconds(*commands: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """Wall-clock time of commands one after the other; a command that fails ends the benchmark."""
    began = time.perf_counter()
    for command in commands:
        run(command, environment=environment)
    return time.perf_counter() - began


@contextmanager
def scratch() -> Iterator[Path]:
    """In memory where that can be had: what a disk takes to make hundreds of files depends on what it did before."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


class Usage(NamedTuple):
    """`megabytes` are what the process had resident at its greatest, as the operating system counted."""

    output: str
    seconds: float
    megabytes: float


def usage(command: Sequence[str]) -> Usage:
    """What a command printed, took and held."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        took = time.perf_counter() - began
        output.seek(0)
        printed = output.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {process.returncode}\n{printed[-2000:]}")
    return Usage(printed, took, used.ru_maxrss / 1000)


def run(command: Sequence[str], *, environment: Mapping[str, str] | None = None, expected: Sequence[int] = (0,)) -> str:
    """The standard output of a command."""
    finished = subprocess.run(
        command,
        env=os.environ | (environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode not in expected:
        raise SystemExit(f"{' '.join(command)}: exit {finished.returncode}\n{finished.stdout}{finished.stderr}")
    return finished.stdout
