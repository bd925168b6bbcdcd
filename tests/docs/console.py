"""Pages whose commands are run: blocks of `console`, with `$` before a command and its answer below it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import PIPE, STDOUT, run
from typing import NamedTuple

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STATE = "__state__"


class Step(NamedTuple):
    """`answer` has `…` for what may differ, and a line of it alone for any number of lines; None is not looked at."""

    command: str
    answer: str


def steps(page: str) -> Iterator[Step]:
    for block in _BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.splitlines()
            end = lines.index("END") if "<<'END'" in lines[0] else 0
            yield Step("\n".join(lines[: end + 1]), "\n".join(lines[end + 1 :]))


class Shell:
    """Runs one command after the other, each in the folder where the last one ended."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ

    def run(self, command: str) -> str:
        """What it prints, both streams, and its exit code if it is not 0."""
        script = f"{command}\ncode=$?\npwd > {_STATE}; mv {_STATE} {self._environ['HOME']}/{_STATE}\nexit $code"
        done = run(
            ["bash", "-c", script],
            cwd=self._folder, env=dict(self._environ), stdout=PIPE, stderr=STDOUT, text=True, timeout=120, check=False,
        )  # fmt: skip
        self._folder = Path((Path(self._environ["HOME"]) / _STATE).read_text().strip())
        return done.stdout + (f"exit code {done.returncode}\n" if done.returncode else "")


def agrees(answer: str, printed: str) -> bool:
    """Whether what was printed is what the page says, but for the widths of columns; no answer may be any."""
    pattern = "".join(_pattern(_narrow(line)) for line in answer.splitlines())
    text = "".join(f"{_narrow(line)}\n" for line in printed.splitlines())
    return not answer or re.fullmatch(pattern, text) is not None


def _narrow(line: str) -> str:
    return re.sub(r"(?<=\S) {2,}", "  ", line).rstrip()


def _pattern(line: str) -> str:
    return r"(?:.*\n)*?" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
