"""Many streams of lines as one, by time.

Every stream keeps its own order, also where its times go back a little: a container's two outputs are stamped apart.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from operator import itemgetter

from meshctl.logs.line import LogLine

HOLD = 0.3  # seconds that a followed line waits for older ones of other containers


def in_order(streams: Iterable[Iterable[LogLine]]) -> Iterator[LogLine]:
    """The lines of streams that end, all of them, holding one line of each stream at a time."""
    keyed = (_keyed(index, stream) for index, stream in enumerate(streams))
    return (line for _, _, line in heapq.merge(*keyed))


def _keyed(index: int, stream: Iterable[LogLine]) -> Iterator[tuple[int, int, LogLine]]:
    """With the latest time so far, which never goes back, and the stream, so that no two lines are ever compared."""
    latest = 0
    for line in stream:
        latest = max(latest, line.time)
        yield latest, index, line


class Window:
    """Puts lines of streams that go on into order, as far as they arrive within `hold` seconds of each other.

    A line leaves when it, or one with a later time, has been held that long: none waits longer, and one that came
    too late for its place is given out at once. `now` is in seconds of any clock that only goes forward.
    """

    def __init__(self, hold: float = HOLD) -> None:
        self._hold = hold
        self._held: list[tuple[int, LogLine]] = []
        self._deadlines: deque[tuple[float, int]] = deque()  # when, and up to which time of line
        self._latest: dict[tuple[str, str], int] = {}

    def __len__(self) -> int:
        return len(self._held)

    def add(self, lines: list[LogLine], now: float) -> None:
        """Takes what has arrived of one container."""
        if not lines:
            return
        container = (lines[0].pod, lines[0].container)
        latest = self._latest.get(container, 0)
        for line in lines:
            latest = max(latest, line.time)
            self._held.append((latest, line))
        self._latest[container] = latest
        self._deadlines.append((now + self._hold, latest))

    def due(self, now: float) -> list[LogLine]:
        """The lines whose turn has come, in order."""
        until = -1
        while self._deadlines and self._deadlines[0][0] <= now:
            until = max(until, self._deadlines.popleft()[1])
        if until < 0:
            return []
        self._held.sort(key=_time)
        end = bisect_right(self._held, until, key=_time)
        lines = [line for _, line in self._held[:end]]
        del self._held[:end]
        return lines


_time = itemgetter(0)
