"""Measures meshctl and its peers side by side.

    python -m benchmarks                  every figure
    python -m benchmarks gen --runs 9     one of them
    python -m benchmarks --write          every figure, into docs/benchmarks.md; with names, these alone

Ends with 1 where a promised ratio is not held.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import FIGURES
from benchmarks.measure import Row, run
from benchmarks.programs import HELM, KUBECTL, MESHCTL

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEADER = """\
| what | meshctl | peer | peer's | ratio | promised |
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
    if not HELM:
        print("there is no helm on PATH: its rows are left out", file=sys.stderr)
    compileall.compile_dir(PAGE.parents[1] / "meshctl", quiet=1)  # as an installed meshctl is
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
    theirs = "" if row.theirs is None else amount(row.theirs, row.unit)
    ratio = "" if row.theirs is None else f"{row.measured:.2f}"
    return f"| {row.what} | {amount(row.ours, row.unit)} | {row.peer} | {theirs} | {ratio} | {promise} |\n"


def amount(value: float, unit: str) -> str:
    return f"{value:.2f} s" if unit == "s" else f"{value:,.0f} {unit}".rstrip()


def page(rows: list[Row], runs: int) -> str:
    return f"""\
# Benchmarks

Written by `python -m benchmarks --write` on {datetime.now(UTC):%Y-%m-%d}: {machine()}.
Whole processes, by turns, medians of {runs} runs; what takes minutes is run once. The projects are in memory, the
clusters are sandboxes. What is measured stands in `benchmarks/figures.py`; where the time goes, in
[performance.md](performance.md).

{HEADER}{"".join(line(row) for row in rows)}"""


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    programs = [
        f"CPython {platform.python_version()}",
        f"meshctl {run([MESHCTL, 'version']).split()[1]}",
        f"kubectl {run([KUBECTL, 'version', '--client']).split()[2]}",
    ]
    if HELM:
        programs.append(f"helm {run([HELM, 'version', '--short']).split('+')[0]}")
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.platform()}, {', '.join(programs)}"


if __name__ == "__main__":
    sys.exit(main())
