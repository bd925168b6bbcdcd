"""The loop. One service, one task: a generator that yields events, and None when it cannot go on for now.

A task is resumed when something happened to its service: an answer came, an object of its own changed, or its time is
up. A service begins as soon as all it waits for is done; there are no levels, so a slow one holds up nobody else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from typing import Protocol

from meshctl.events import Blocked, Event, Waiting, Warned
from meshctl.lifecycle.run import TICK, Run
from meshctl.lifecycle.tally import NOT_BEGUN, UNFINISHED
from meshctl.lifecycle.turn import Stuck, Task, Turn

LAST_ANSWERS = 1.0  # seconds that an interrupted run waits for answers to what it has already sent


class Order(Protocol):
    """What a Schedule offers to the loop."""

    def ready(self) -> list[str]: ...

    def done(self, name: str) -> None: ...

    def fail(self, name: str) -> Sequence[tuple[str, tuple[str, ...]]]: ...

    def waiting_for(self, name: str) -> tuple[str, ...]: ...

    @property
    def finished(self) -> bool: ...


class Walk:
    """Iterate it once. `task` makes the task of a service's turn."""

    def __init__(self, run: Run, services: Sequence[str], order: Order, task: Callable[[Turn], Task]) -> None:
        self._run = run
        self._order = order
        self._task = task
        self._not_begun = dict.fromkeys(services)
        self._turns: dict[str, tuple[Turn, Task]] = {}
        self._failed = False
        self._look_at = 0.0  # on the monotonic clock

    def __iter__(self) -> Iterator[Event]:
        due = self._begin()
        yield from (Waiting(service=name, reason=", ".join(self._order.waiting_for(name))) for name in self._not_begun)
        while not self._ending:
            for name in due:
                yield from self._resume(name)
            if self._order.finished:
                break
            due = self._begin() or self._due(self._run.wait())
        yield from self._end()

    @property
    def _ending(self) -> bool:
        return self._run.interrupt.is_set() or (self._failed and self._run.options.fail_fast)

    def _begin(self) -> list[str]:
        """Starts the turns of those whose turn it is."""
        names = self._order.ready()
        for name in names:
            turn = Turn(self._run, name)
            self._turns[name] = turn, self._task(turn)
            self._not_begun.pop(name, None)
        return names

    def _due(self, touched: set[str]) -> list[str]:
        """Those that something happened to; once a tick also those whose time is up."""
        due = touched & self._turns.keys()
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + TICK
            due |= {name for name, (turn, _) in self._turns.items() if turn.wake_at <= now}
        return sorted(due)

    def _resume(self, name: str) -> Iterator[Event]:
        """Goes on with one service until it pauses, is done, or has failed."""
        _, task = self._turns[name]
        try:
            for event in task:
                if event is None:
                    return
                yield event
        except Stuck as stuck:
            yield from stuck.failures
            yield from self._blocked(name)
        else:
            self._order.done(name)
        del self._turns[name]

    def _blocked(self, name: str) -> Iterator[Event]:
        self._failed = True
        for other, by in self._order.fail(name):
            self._not_begun.pop(other, None)
            yield Blocked(service=other, by=by)

    def _end(self) -> Iterator[Event]:
        """Tells what was under way and what was never begun; nothing of either when the walk came to its end."""
        if self._turns:
            yield from self._last_answers()
        for name, (turn, _) in self._turns.items():
            yield Warned(service=name, code=UNFINISHED, message=f"stopped half-way: {turn.progress}")
        for name in self._not_begun:
            yield Warned(service=name, code=NOT_BEGUN, message="not begun")

    def _last_answers(self) -> Iterator[Event]:
        """What was sent may have been done: the answers that come soon are told, nothing more is sent."""
        self._run.workers.stop()
        until = time.monotonic() + LAST_ANSWERS
        while self._run.workers.busy and time.monotonic() < until:
            self._run.wait()
        for name in list(self._turns):
            try:
                yield from self._resume(name)
            except CancelledError:
                continue
