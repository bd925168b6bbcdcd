"""The threads that talk to the API server while the main thread decides: bounded, daemons, ended with the run."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _Job(NamedTuple):
    service: str
    future: Future[Any]
    call: Callable[[], Any]


class Workers:
    """`wake` is set whenever a call has ended. No executor: those keep the process alive until every call has ended."""

    def __init__(self, size: int, wake: threading.Event) -> None:
        self._size = size
        self._wake = wake
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._ended: deque[_Job] = deque()
        self._threads: list[threading.Thread] = []
        self._open: set[Future[Any]] = set()
        self._stopped = threading.Event()

    def submit(self, service: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """After `stop` the future comes back cancelled."""
        future: Future[T] = Future()
        if self._stopped.is_set():
            future.cancel()
            return future
        self._open.add(future)
        self._jobs.put(_Job(service, future, lambda: call(*args, **kwargs)))
        if len(self._threads) < min(self._size, len(self._open)):
            self._start_thread()
        return future

    def ended(self) -> set[str]:
        """The services of the calls that have ended since this was asked last."""
        services = set()
        while self._ended:
            job = self._ended.popleft()
            self._open.discard(job.future)
            services.add(job.service)
        return services

    @property
    def busy(self) -> bool:
        return any(future.running() for future in self._open)

    @property
    def are_laden(self) -> bool:
        """Whether each has a call to make after the one that it is in."""
        return self._jobs.qsize() >= self._size

    def stop(self) -> None:
        """Takes back what has not begun; what has begun goes on."""
        self._stopped.set()
        for future in self._open:
            future.cancel()

    def close(self) -> None:
        """Ends the threads, each after the call that it is in."""
        self.stop()
        for _ in self._threads:
            self._jobs.put(None)

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._work, name=f"worker {len(self._threads) + 1}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while job := self._jobs.get():
            if not job.future.set_running_or_notify_cancel():
                continue
            try:
                result = job.call()
            except BaseException as error:  # noqa: BLE001 it is raised again where the result is asked for
                job.future.set_exception(error)
            else:
                job.future.set_result(result)
            self._ended.append(job)
            self._wake.set()
