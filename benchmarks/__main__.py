"""Measures meshctl and its peers side by side.

    python -m benchmarks                  every figure
    python -m benchmarks gen --runs 9     one of them
    python -m benchmarks --write          every figure, into docs/benchmarks.md

Ends with 1 where a promised ratio is not held.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import FIGURES, KUBECTL, MESHCTL
from benchmarks.measure import Row, run

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEADER = """\
| what | meshctl | peer | peer's time | ratio | promised |
| --- | ---: | --- | ---: | ---: | ---: |
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(FIGURES)}; all if none is named")
    parser.add_argument("--runs", type=int, default=5, help="the median of so many is taken (%(default)s)")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    arguments = parser.parse_args()
    if unknown := set(arguments.figures) - set(FIGURES):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    if arguments.write and arguments.figures:
        parser.error("--write is for all figures together")
    rows = measured(arguments.figures or FIGURES, arguments.runs)
    if arguments.write:
        PAGE.write_text(page(rows, arguments.runs))
    return 0 if all(row.held for row in rows) else 1


def measured(figures: Iterable[str], runs: int) -> list[Row]:
    """Prints each row as soon as it is known."""
    print(HEADER, end="", flush=True)
    rows = []
    for figure in figures:
        for row in FIGURES[figure](runs):
            print(line(row), end="", flush=True)
            rows.append(row)
    return rows


def line(row: Row) -> str:
    promise = f"≤ {row.limit:g}" if row.held else f"≤ {row.limit:g}, **not held**"
    return f"| {row.what} | {row.ours:.2f} s | {row.peer} | {row.theirs:.2f} s | {row.ratio:.2f} | {promise} |\n"


def page(rows: list[Row], runs: int) -> str:
    return f"""\
# Benchmarks

Written by `python -m benchmarks --write` on {datetime.now(UTC):%Y-%m-%d}: {machine()}.
Whole processes, by turns, medians of {runs} runs; the clusters are sandboxes. Reading the code tells what is measured:
`benchmarks/figures.py`.

{HEADER}{"".join(line(row) for row in rows)}"""


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    programs = [
        f"CPython {platform.python_version()}",
        f"meshctl {run([MESHCTL, 'version']).split()[-1]}",
        f"kubectl {run([KUBECTL, 'version', '--client']).split()[2]}",
    ]
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.platform()}, {', '.join(programs)}"


if __name__ == "__main__":
    sys.exit(main())
