"""Whole processes against the clock, ours and the peer's by turns."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Work = Callable[[int], float]  # takes the number of the run, gives seconds


@dataclass(frozen=True)
class Row:
    """One line of the table. `limit` is the greatest ratio of ours to theirs that is promised."""

    what: str
    ours: float
    peer: str
    theirs: float
    limit: float

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    @property
    def held(self) -> bool:
        return self.ratio <= self.limit


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


def run(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> str:
    """The standard output of a command."""
    finished = subprocess.run(
        command,
        env=os.environ | (environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {finished.returncode}\n{finished.stdout}{finished.stderr}")
    return finished.stdout
