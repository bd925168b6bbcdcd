"""One run of a container, read in a thread of its own and handed on through a bounded buffer."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from meshctl.errors import Invalid, MeshctlError, NotFound, Overloaded, Unreachable
from meshctl.logs.containers import Run
from meshctl.logs.line import LogLine
from meshctl.logs.reading import Interrupt, Reading
from meshctl.logs.resume import Bookmark

if TYPE_CHECKING:
    from meshctl.cluster import LogStream

BUFFERED_LINES = 4_000  # of one container; a slow terminal then slows the reader instead of filling the memory
FULL = 0.02  # seconds between two looks at a buffer that was full
POLL = 0.1  # seconds between two looks at an interrupt
GIVE_UP = 4  # broken connections in a row, without a line, after which a log that is not followed is incomplete
PAUSES = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)  # seconds before each new connection; the last one for all further


class Source:
    """A connection that breaks is made again where it broke: for ever when following, else a few times.

    `ended` is set when nothing more will come, `failure` says why when that was no proper end, and `trouble` is what
    keeps the reader from reading just now. `new` is for a container that began after we did: all of its lines are
    wanted, whatever --since and --tail say. `restarted` is for one of which an earlier run was read: what is left of
    the run before this one comes first.
    """

    def __init__(
        self,
        reading: Reading,
        run: Run,
        bookmark: Bookmark,
        *,
        new: bool = False,
        restarted: bool = False,
        wake: threading.Event | None = None,
    ) -> None:
        self.run = run
        self.bookmark = bookmark
        self.ended = False
        self.failure: MeshctlError | None = None
        self.trouble: MeshctlError | None = None
        self._reading = reading
        self._options = reading.options
        self._new = new
        self._restarted = restarted
        self._wake = wake or threading.Event()
        self._lines: deque[LogLine] = deque()
        self._closed = threading.Event()
        self._stream: LogStream | None = None

    def start(self) -> Source:
        threading.Thread(target=self._run, name=f"log {self.run}", daemon=True).start()
        return self

    def close(self) -> None:
        """Ends the reading at once; what has arrived can still be taken."""
        self._closed.set()
        if stream := self._stream:
            stream.close()

    def take(self) -> list[LogLine]:
        """What has arrived since the last call."""
        lines = self._lines
        return [lines.popleft() for _ in range(len(lines))]

    def lines(self, interrupt: Interrupt) -> Iterator[LogLine]:
        """All lines until the end or the interrupt."""
        while not interrupt.is_set():
            ended = self.ended  # asked before the last look at the buffer: a line that comes in between is not lost
            if lines := self.take():
                yield from lines
            elif ended:
                return
            else:
                self._wake.wait(POLL)
                self._wake.clear()

    def _run(self) -> None:
        try:
            if self._restarted:
                self._catch_up()
            self._persist()
        except MeshctlError as error:
            self.failure = None if self._closed.is_set() else error
        finally:
            self.ended = True
            self._wake.set()

    def _catch_up(self) -> None:
        """The rest of the run before this one, of which there may be nothing: then the server refuses."""
        try:
            self._read({"previous": True})
        except (Invalid, NotFound, Unreachable, Overloaded):
            return

    def _persist(self) -> None:
        breaks = 0
        while not self._closed.is_set():
            before = self.bookmark.count
            try:
                self._read({"follow": self._options.follow, "previous": self._options.previous})
            except (Unreachable, Overloaded) as error:
                breaks = 0 if self.bookmark.count > before else breaks + 1
                if breaks == GIVE_UP and not self._options.follow:
                    raise
                self.trouble = error
                self._wake.set()
                self._closed.wait(PAUSES[min(breaks, len(PAUSES) - 1)])
            else:
                return

    def _read(self, how: dict[str, Any]) -> None:
        cluster, run = self._reading.cluster, self.run
        self._stream = cluster.logs(self._reading.namespace, run.pod, run.container, **how, **self._window())
        if self._closed.is_set():
            self._stream.close()
        try:
            for time, stamp, text in self.bookmark.unseen(self._stream):
                self.trouble = None
                if self._options.wants(text):
                    self._put(LogLine(run.service, run.pod, run.container, time, text, stamp))
        finally:
            self._stream.close()

    def _window(self) -> dict[str, Any]:
        if self.bookmark.since:
            return {"since_time": self.bookmark.since}
        window: dict[str, Any] = {}
        if self._options.since is not None and not self._new:
            window["since_seconds"] = max(1, math.ceil(self._options.since))
        if self._options.tail is not None and self._options.tail >= 0 and not self._new:
            window["tail"] = self._options.tail
        return window

    def _put(self, line: LogLine) -> None:
        self._lines.append(line)
        if not self._wake.is_set():
            self._wake.set()
        while len(self._lines) >= BUFFERED_LINES and not self._closed.is_set():
            self._closed.wait(FULL)
