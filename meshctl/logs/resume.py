"""Where the reading of one log has got to, and how to go on there after the connection broke."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from meshctl.logs.line import SECOND, split_stamp


class Bookmark:
    """The server resumes by whole seconds, so the lines of the last second are kept, to be known again.

    They are compared with their content instead of being counted: a log file that was rotated in between begins
    later, and a count would take its first lines for seen ones. A line of a second that was over is never expected
    again; the kubelet orders a log by arrival, and stamps it then. `count` is the number of lines read so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self.second: int | None = None
        self._time = 0
        self._first = 0  # the time of the first line read: --tail or --since left out what is before it
        self._over = 0  # when that second is over, in nanoseconds
        self._seen: list[str] = []

    @property
    def since(self) -> str:
        """The time to resume at, in RFC 3339; empty when no line was read yet."""
        return "" if self.second is None else datetime.fromtimestamp(self.second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def unseen(self, stream: Iterable[str]) -> Iterator[tuple[int, str, str]]:
        """(time, stamp, text) of the lines of a stream that was asked for from `since` on and were not read before."""
        known = Counter(self._seen)
        for raw in stream:
            if known and raw in known:
                _take(known, raw)
                continue
            time, stamp, text = split_stamp(raw)
            if time is not None:
                if time < self._first:
                    continue
                if time >= self._over:
                    self._begin_second(time)
                self._time = time
                self._seen.append(raw)
            self.count += 1
            yield self._time, stamp, text

    def _begin_second(self, time: int) -> None:
        if self.second is None:
            self._first = time
        self.second = time // SECOND
        self._over = (self.second + 1) * SECOND
        self._seen.clear()


def _take(known: Counter[str], raw: str) -> None:
    known[raw] -= 1
    if not known[raw]:
        del known[raw]
