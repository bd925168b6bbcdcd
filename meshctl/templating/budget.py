"""What the rendering of one template may cost, counted as it goes: steps, characters and, for what counts neither,
time of the processor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from meshctl.errors import TemplateError

MOST_STEPS = 500_000  # rounds of loops and calls of macros and functions
MOST_CHARACTERS = 256 * 1024 * 1024  # of all texts that were made on the way, also of those thrown away
SECONDS = 1.0  # of this thread's own time, which no busy machine makes longer
_LOOK = 64  # steps between two looks at the clock: asking costs as much as a step
_LARGE = 65536  # characters, after which one look more does not matter


class Budget:
    """Steps and characters end a template at the same place on every machine; the clock ends what escapes them."""

    def __init__(self) -> None:
        self._steps = 0
        self._characters = 0
        self._until = time.thread_time() + SECONDS

    def step(self) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise _spent(f"{MOST_STEPS} steps")
        if self._steps % _LOOK == 0:
            self._look()

    def made(self, characters: int) -> None:
        self._characters += characters
        if self._characters > MOST_CHARACTERS:
            raise _spent(f"{MOST_CHARACTERS // 2**20} MB of texts on the way")
        if characters > _LARGE:
            self._look()

    def _look(self) -> None:
        if time.thread_time() > self._until:
            raise _spent(f"{SECONDS:g} seconds")


def _spent(what: str) -> TemplateError:
    advice = "a loop or a macro goes on for too long"
    return TemplateError(f"rendering takes more than {what}", code="MSH114", suggestion=advice)


_CURRENT: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def limited() -> Iterator[None]:
    """What is rendered within has one budget; inside of another one it is that one's."""
    if _CURRENT.get() is not None:
        yield
        return
    token = _CURRENT.set(Budget())
    try:
        yield
    finally:
        _CURRENT.reset(token)


def step() -> None:
    if budget := _CURRENT.get():
        budget.step()


def made(characters: int) -> None:
    if budget := _CURRENT.get():
        budget.made(characters)
