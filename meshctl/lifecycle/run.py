"""One run, from its plan to its summary: what all runs share, and how they end, however they end."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from meshctl.errors import MeshctlError, NoSuchKind, Problems, Unreachable
from meshctl.events import ErrorRaised, Event, Finished, Planned, Warned
from meshctl.lifecycle import locking
from meshctl.lifecycle.breaker import Breaker
from meshctl.lifecycle.interrupt import Interrupt
from meshctl.lifecycle.options import RunOptions
from meshctl.lifecycle.remembering import Remember
from meshctl.lifecycle.tally import NOT_BEGUN, Tally
from meshctl.lifecycle.workers import Workers
from meshctl.lifecycle.world import Scope, World

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.config import Config
    from meshctl.informer import Informer

P = ParamSpec("P")
T = TypeVar("T")

GATHER = 0.01  # seconds in which more may arrive, to be looked at together, as long as the workers have enough to do
TICK = 0.1  # seconds after which a run looks at the clock and at its interrupt, when nothing else wakes it


class Stopped(Exception):
    """Raised inside a run that was interrupted while it waited for an answer."""


class Run:
    """The cluster as one run sees it: its state, the threads that ask, and whether it is time to end."""

    def __init__(self, config: Config, cluster: Cluster, options: RunOptions, interrupt: Interrupt) -> None:
        self.config = config
        self.cluster = cluster
        self.options = options
        self.interrupt = interrupt
        self.world = World(cluster, config.project)
        self.workers = Workers(options.concurrency, self.world.wake)
        self.breaker = Breaker(cluster)
        self.tally = Tally()
        self._lock: locking.Lock | None = None
        self._loss: MeshctlError | None = None
        self._listening: dict[Scope, Future[Informer]] = {}

    def conduct(self, steps: Iterator[Event], unplanned: Planned, remember: Remember | None = None) -> Iterator[Event]:
        """The events of the steps, and the summary, which `remember` is given to keep. Raises nothing of ours.

        The first event of the steps is Planned; where they fail before it, `unplanned` says what was asked for.
        """
        begun = time.monotonic()
        planned: Event | None = None
        ending: list[Event] = []
        try:
            for event in steps:
                planned = planned or event
                self.tally.add(event)
                yield event
        except Stopped:
            ending = _not_begun(planned or unplanned, self.tally)
        except MeshctlError as error:
            self.tally.exit_with(error.exit_code)
            ending = list(_errors(error))
            remember = None if isinstance(error, Unreachable) else remember  # nobody would hear it
        finally:
            self.close()
        if self._loss:
            ending += _errors(self._loss)
        if planned is None:
            yield unplanned
        for event in ending:
            self.tally.add(event)
            yield event
        self.tally.exit_with(self.interrupt.exit_code)
        if remember and isinstance(planned, Planned):
            yield from remember(planned, self._finished(begun))
        yield self._finished(begun)

    def _finished(self, begun: float) -> Finished:
        return Finished(
            exit=self.tally.exit,
            seconds=time.monotonic() - begun,
            counts=self.tally.counts,
            requests=self.cluster.requests.total(),
        )

    def close(self) -> None:
        self.workers.close()
        self.world.close()
        self.release()

    def hold(self, action: str, services: Collection[str]) -> Iterator[Event]:
        """Keeps other runs away from these services until this one ends. Raises GuardError when another has one."""
        claim = locking.claim_of_this_process(self.config.user, action, services)
        ledger = locking.Ledger(self.cluster, self.config.namespace, self.config.project)
        self._lock = locking.Lock(ledger, claim, self._lose)
        yield from locking.acquire(self, self._lock)

    def release(self) -> None:
        if self._lock:
            self._lock.release()

    def _lose(self, lost: locking.Lost) -> None:
        """In the lock's thread: the run ends as if it were interrupted, and says why."""
        if self._lock:
            self._loss = locking.loss(lost, self._lock.claim)
            self.interrupt.set(self._loss.exit_code)
            self.world.wake.set()

    def ask(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer of a call that all of the run waits for. Raises Stopped when it is interrupted meanwhile."""
        future = self.workers.submit("", call, *args, **kwargs)
        self.wait_for([future])
        return future.result()

    def wait_for(self, futures: Iterable[Future[T]]) -> None:
        """Until all have ended, well or not."""
        pending = list(futures)
        while pending := [future for future in pending if not future.done()]:
            if self.interrupt.is_set():
                raise Stopped
            self.world.wake.wait(TICK)
            self.world.wake.clear()

    def pause(self, seconds: float) -> None:
        """Raises Stopped when it is interrupted meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.interrupt.is_set():
                raise Stopped
            time.sleep(min(TICK, seconds))

    def wait(self) -> set[str]:
        """The services that something happened to, after a tick at most. Raises what has ended a watch."""
        self.world.wake.wait(TICK)
        if self.workers.are_laden:
            time.sleep(GATHER)
        self.world.wake.clear()
        return self.workers.ended() | self.world.take_in()

    def listen(self, scopes: Iterable[Scope]) -> None:
        """Begins to watch all of them at once. A kind that the server does not serve yet is left for later."""
        futures = {scope: self.listening(scope, "") for scope in dict.fromkeys(scopes)}
        self.wait_for(futures.values())
        for scope, future in futures.items():
            try:
                self.attach(scope, future)
            except NoSuchKind:
                self.forget(scope)

    def listening(self, scope: Scope, service: str) -> Future[Informer]:
        """Asks for a scope once, whoever wants it; `service` is woken when the answer is there."""
        if scope not in self._listening:
            self._listening[scope] = self.workers.submit(service, self.world.listen, scope)
        return self._listening[scope]

    def attach(self, scope: Scope, future: Future[Informer]) -> None:
        """What was listened to becomes part of the world. Raises what the server answered instead."""
        informer = future.result()
        if not self.world.knows(scope):
            self.world.attach(scope, informer)

    def forget(self, scope: Scope) -> None:
        """The next one to want it asks again."""
        self._listening.pop(scope, None)


def _not_begun(planned: Event, tally: Tally) -> list[Event]:
    """Of a run that was interrupted outside of its walk: what nothing was told of yet."""
    services = planned.services if isinstance(planned, Planned) else ()
    return [Warned(service=name, code=NOT_BEGUN, message="not begun") for name in services if not tally.knows(name)]


def _errors(error: MeshctlError) -> Iterator[Event]:
    for each in error.errors if isinstance(error, Problems) else (error,):
        file, line, column = each.where or ("", 0, 0)
        yield ErrorRaised(
            code=each.code,
            message=each.message,
            file=file,
            line=line,
            column=column,
            suggestion=each.suggestion,
        )
