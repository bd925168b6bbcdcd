"""How many requests may be under way at once: half as many after the server has said that it has too much to do, then
slowly more again, one more for each round of answers (additive increase, multiplicative decrease, as in TCP)."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Pace:
    """Thread-safe. `most` is what is allowed as long as nobody complains."""

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._limit = self._most
        self._under_way = 0
        self._changed = threading.Condition()
        self._slowed_at = -math.inf
        self._open = True

    @property
    def limit(self) -> int:
        return int(self._limit)

    @contextmanager
    def turn(self) -> Iterator[float]:
        """Waits until there is room. Gives the time of the beginning, for `slow_down`."""
        with self._changed:
            while self._open and self._under_way >= self.limit:
                self._changed.wait()
            self._under_way += 1
        try:
            yield time.monotonic()
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify()

    def slow_down(self, begun: float) -> None:
        """For a request that was begun then. Of those that were under way together, the first to complain speaks for
        all."""
        with self._changed:
            if begun > self._slowed_at:
                self._limit = max(1.0, min(self._limit, self._under_way) / 2)
                self._slowed_at = time.monotonic()

    def speed_up(self) -> None:
        with self._changed:
            if self._limit < self._most:
                self._limit = min(self._most, self._limit + 1 / self._limit)
                self._changed.notify()

    def close(self) -> None:
        """Nobody waits any more."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
