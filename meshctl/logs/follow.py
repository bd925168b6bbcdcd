"""Many containers as one stream that goes on: across restarts, new pods and broken connections."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from meshctl.errors import Invalid, MeshctlError, NotFound
from meshctl.identity import ObjectRef
from meshctl.informer import Change, Informer
from meshctl.logs.containers import Run, is_running, runs
from meshctl.logs.line import LogLine
from meshctl.logs.merge import Window
from meshctl.logs.reading import Reading
from meshctl.logs.resume import Bookmark
from meshctl.logs.source import PAUSES, POLL, Source

SPACING = 0.03  # seconds between two looks at the sources while lines come in: cheaper than waking up for each line
LAST_WORDS = 1.0  # seconds that the stream of a container that has ended may still go on


@dataclass
class Container:
    """A container of a pod over all its runs.

    `due` is the clock at which to read it, None when there is nothing more to read of this run; `until` is the clock
    at which to close its stream, and `attempts` counts the connections that brought nothing.
    """

    run: Run
    bookmark: Bookmark = field(default_factory=Bookmark)
    new: bool = False
    restarted: bool = False
    source: Source | None = None
    due: float | None = 0.0
    until: float = math.inf
    attempts: int = 0
    count: int = 0
    troubled: bool = False

    def is_due(self, now: float) -> bool:
        return self.source is None and self.due is not None and self.due <= now


class Follower:
    """Everything happens in the thread that takes the lines, but for the waiting for lines and for changes of pods."""

    def __init__(self, reading: Reading, pods: Informer, bookmarks: Mapping[Run, Bookmark]) -> None:
        """`bookmarks` tell where the containers have been read to; --tail has been answered with that."""
        tail = 0 if reading.options.tail == 0 else None
        self._reading = replace(reading, options=replace(reading.options, tail=tail))
        self._pods = pods
        self._window = Window()
        self._waiting = 0
        self._containers = {(run.uid, run.container): Container(run, mark) for run, mark in bookmarks.items()}

    def lines(self) -> Iterator[LogLine]:
        """Until the interrupt; then what was held back."""
        try:
            while not self._reading.interrupt.is_set():
                now = time.monotonic()
                self._look_at_pods(now)
                self._look_at_containers(now)
                yield from self._window.due(now)
                self._pause()
            yield from self._window.due(math.inf)
        finally:
            for container in self._containers.values():
                if container.source:
                    container.source.close()

    def _pause(self) -> None:
        if self._pods.wake.wait(SPACING if self._window else POLL):
            time.sleep(SPACING)
            self._pods.wake.clear()

    def _look_at_pods(self, now: float) -> None:
        for change in self._pods.drain():
            if change.deleted:
                self._let_go(change, now)
            else:
                self._adopt(change, now)

    def _adopt(self, change: Change, now: float) -> None:
        for run in runs(change.object, self._reading.selector, self._reading.options):
            container = self._containers.get((run.uid, run.container))
            if container is None:
                self._containers[run.uid, run.container] = Container(run, new=True)
                self._reading.notice(f"{run} is new")
            elif container.run.id != run.id:
                container.run, container.restarted = run, True
                container.due, container.until, container.attempts = now, now + LAST_WORDS, 0
                self._reading.notice(f"{run} has restarted")

    def _let_go(self, change: Change, now: float) -> None:
        uid = change.object["metadata"].get("uid", "")
        known = [container for (owner, _), container in self._containers.items() if owner == uid]
        for container in known:
            container.due, container.until = None, now + LAST_WORDS
        if known:
            self._reading.notice(f"pod {known[0].run.pod} is gone")

    def _look_at_containers(self, now: float) -> None:
        for container in self._containers.values():
            if container.source:
                self._look_after(container, container.source, now)
        self._tell_troubles()
        self._forget_gone(now)
        self._open_due(now)

    def _tell_troubles(self) -> None:
        """In one sentence: what breaks one connection mostly breaks all of them."""
        troubles = []
        for container in self._containers.values():
            trouble = container.source.trouble if container.source else None
            if trouble and not container.troubled:
                troubles.append(trouble)
            container.troubled = trouble is not None
        if troubles:
            count = f" ({len(troubles)} logs)" if len(troubles) > 1 else ""
            self._reading.notice(f"{troubles[0].message}{count}; trying again")

    def _forget_gone(self, now: float) -> None:
        gone = [
            key
            for key, container in self._containers.items()
            if container.source is None and container.due is None and container.until < now
        ]
        for key in gone:
            del self._containers[key]

    def _open_due(self, now: float) -> None:
        """Starts what is due, as far as --max-log-requests allows; the rest waits for its turn."""
        limit = self._reading.options.max_log_requests
        places = limit - sum(container.source is not None for container in self._containers.values())
        due = [container for container in self._containers.values() if container.is_due(now)]
        for container in due[:places]:
            self._open(container)
        waiting = len(due[places:])
        if waiting > self._waiting:
            self._reading.notice(f"reading {limit} logs at once (--max-log-requests), {waiting} more must wait")
        self._waiting = waiting

    def _open(self, container: Container) -> None:
        container.due, container.until = None, math.inf
        container.count = container.bookmark.count
        container.source = Source(
            self._reading,
            container.run,
            container.bookmark,
            new=container.new,
            restarted=container.restarted,
            wake=self._pods.wake,
        ).start()
        container.restarted = False

    def _look_after(self, container: Container, source: Source, now: float) -> None:
        ended = source.ended  # asked before the last look at its lines
        self._window.add(source.take(), now)
        if ended:
            container.source = None
            self._end(container, source.failure, now)
        elif now >= container.until:
            source.close()

    def _end(self, container: Container, failure: MeshctlError | None, now: float) -> None:
        """Reads on later if the container still runs: then it was the connection that ended, or it is just starting."""
        if failure and not isinstance(failure, Invalid | NotFound):
            raise failure
        if container.due is not None or container.until < math.inf:
            return
        container.attempts = 0 if container.bookmark.count > container.count else container.attempts + 1
        if self._runs_on(container) or (failure and container.attempts < len(PAUSES)):
            container.due = now + PAUSES[min(container.attempts, len(PAUSES) - 1)]
        elif failure:
            self._reading.notice(f"{container.run}: {failure.message}")

    def _runs_on(self, container: Container) -> bool:
        run = container.run
        pod = self._pods.objects.get(ObjectRef("v1", "Pod", self._reading.namespace, run.pod))
        return pod is not None and is_running(pod, run)
