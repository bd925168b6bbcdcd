"""The steps of something slow: written over on a terminal, a line a step elsewhere."""

from __future__ import annotations

import io
from typing import NamedTuple

from meshctl.output.progress import ProgressLines
from meshctl.output.terminal import Terminal


class Step(NamedTuple):
    step: str
    message: str
    done: int = 0
    total: int = 0
    seconds: float = 0.0


STEPS = [
    *(Step("build", "building\x1b[2J", done, 893, seconds=done / 10) for done in (0, 44, 88, 91, 180, 893)),
    Step("start", "starting etcd"),
    Step("wait", "waiting", seconds=1),
    Step("wait", "waiting", seconds=2),
]


def shown(**allowed: bool) -> str:
    told = io.StringIO()
    with ProgressLines(Terminal(io.StringIO(), io.StringIO(), told, **allowed)) as progress:  # type: ignore[arg-type]
        for step in STEPS:
            progress.show(step)
    return told.getvalue()


def test_in_a_pipe_each_step_is_a_line_and_a_count_is_told_ten_times() -> None:
    assert shown().splitlines() == [
        "building [2J 0/893",
        "building [2J 91/893 (9.1s)",
        "building [2J 180/893 (18s)",
        "building [2J 893/893 (1m29s)",
        "starting etcd",
        "waiting (1.0s)",
    ]


def test_on_a_terminal_a_step_is_written_over_until_the_next() -> None:
    lines = [line.split("\r\x1b[K")[-1] for line in shown(live_errors=True).rstrip("\n").split("\n")]
    assert lines == ["━━━━━━━━━━━━━━━━━━━━━━━━ 893/893 1m29s building [2J", "starting etcd", "waiting (2.0s)"]


def test_quiet_says_nothing() -> None:
    assert shown(quiet=True) == ""
