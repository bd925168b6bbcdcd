"""One service's turn in a run: what its task may use."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Generator
from concurrent.futures import Future
from typing import ParamSpec, TypeAlias, TypeVar

from meshctl.events import Event, Failed
from meshctl.lifecycle.run import Run

P = ParamSpec("P")
T = TypeVar("T")

Task: TypeAlias = Generator[Event | None, None, None]
Asking: TypeAlias = Generator[None, None, T]  # what a task does with `yield from`: pauses, then gives a value


class Stuck(Exception):
    """Ends a task. `failures` are told, then what needs the service is blocked."""

    def __init__(self, *failures: Failed) -> None:
        super().__init__(failures)
        self.failures = failures


class Turn:
    """`wake_at` is when the task wants to be resumed though nothing happened, in seconds of the monotonic clock."""

    def __init__(self, run: Run, service: str) -> None:
        self.run = run
        self.service = service
        self.began = time.monotonic()
        self.began_at = time.time()
        self.wake_at = math.inf
        self.progress = "nothing was sent"
        declared = run.config.services.get(service)
        self.timeout = (declared.wait.timeout if declared else None) or run.options.timeout
        self.goal = declared.wait.for_ if declared else "ready"

    @property
    def seconds(self) -> float:
        """Since the turn began."""
        return time.monotonic() - self.began

    @property
    def late(self) -> bool:
        return self.seconds >= self.timeout

    def sleep_until(self, seconds: float) -> None:
        """Resume the task that many seconds after its turn began, or at its timeout."""
        self.wake_at = self.began + min(seconds, self.timeout)

    def ask(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Asking[T]:
        """The answer of a call. Raises what it raised."""
        future = self.run.workers.submit(self.service, call, *args, **kwargs)
        yield from self.done([future])
        return future.result()

    def done(self, futures: Collection[Future[T]]) -> Asking[None]:
        """Pauses until all have ended."""
        while not all(future.done() for future in futures):
            yield None
