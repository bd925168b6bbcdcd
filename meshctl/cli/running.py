"""Follows long work: what it yields to the printer, signals to the work, its end to the shell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

from meshctl.cli.invocation import Invocation
from meshctl.cli.signals import interruptible
from meshctl.events import Event, Finished
from meshctl.output.runs import printer

if TYPE_CHECKING:
    from meshctl.lifecycle import Interrupt

Item = TypeVar("Item")


def follow(invocation: Invocation, work: Callable[[Interrupt], Iterator[Event]]) -> int:
    """Shows a run; its exit code. A first Ctrl-C asks it to end, a second ends at once."""
    from meshctl.lifecycle import Interrupt

    interrupt = Interrupt()
    code = 0
    with printer(invocation.output, invocation.terminal) as shown:
        told = invocation.terminal.notice
        with interruptible(interrupt, notice=told, at_once=shown.close), closing(work(interrupt)) as events:  # type: ignore[type-var]
            for event in events:
                shown.show(event)
                if isinstance(event, Finished):
                    code = event.exit
    return code


def until_interrupted(
    invocation: Invocation, read: Callable[[Interrupt], Iterator[Item]], show: Callable[[Item], None]
) -> int:
    """Shows what is read, until it ends, or Ctrl-C ends it without a word: that is how one leaves it."""
    from meshctl.lifecycle import Interrupt

    interrupt = Interrupt()
    with interruptible(interrupt, notice=lambda _: None, at_once=lambda: None), closing(read(interrupt)) as items:  # type: ignore[type-var]
        for item in items:
            show(item)
            invocation.terminal.stdout.flush()
    return interrupt.exit_code
