"""The figures: what is measured, against what, and what is promised.

Each is a function of the number of runs that gives rows of the table, and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks import cluster, offline
from benchmarks.measure import Row

FIGURES: dict[str, Callable[[int], Iterator[Row]]] = {
    "version": offline.version,
    "gen": offline.gen,
    "check": offline.check,
    "start": cluster.start,
    "again": cluster.again,
    "chain": cluster.chain,
    "growth": cluster.growth,
}
