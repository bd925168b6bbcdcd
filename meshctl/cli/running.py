"""Follows long work: what it yields to the printer, signals to the work, its end to the shell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, TypeVar

from meshctl.cli.invocation import Invocation
from meshctl.cli.signals import ending_at_once, interruptible, interruption
from meshctl.events import Event, Finished
from meshctl.output import failures
from meshctl.output.documents import as_json
from meshctl.output.runs import printer

if TYPE_CHECKING:
    from meshctl.lifecycle import Interrupt
    from meshctl.output.runs.reports import Report

Item = TypeVar("Item")


def follow(
    invocation: Invocation, work: Callable[[Interrupt], Iterator[Event]], *, reports: Sequence[Report] = ()
) -> int:
    """Shows a run; its exit code. A first Ctrl-C asks it to end, a second ends at once. The reports come last."""
    from meshctl.lifecycle import Interrupt

    interrupt = Interrupt()
    code = 0
    with ExitStack() as last, printer(invocation.output, invocation.terminal) as shown:
        for report in reports:
            last.callback(report.close)

        def tidy() -> None:
            shown.abandon()
            last.close()

        stopping = interruptible(interrupt, notice=shown.notice, at_once=tidy)
        with stopping, closing(work(interrupt)) as events:  # type: ignore[type-var]
            for event in events:
                shown.show(event)
                for report in reports:
                    report.take(event)
                if isinstance(event, Finished):
                    code = event.exit
    return code


def until_interrupted(
    read: Callable[[Interrupt], Iterator[Item]], show: Callable[[Item], None], *, tidy: Callable[[], None]
) -> int:
    """Shows what is read, until it ends, or Ctrl-C ends it without a word: that is how one leaves it."""
    from meshctl.lifecycle import Interrupt

    with ending_at_once(lambda _: tidy()), closing(read(Interrupt())) as items:  # type: ignore[type-var]
        for item in items:
            show(item)
    return 0


@contextmanager
def reading(invocation: Invocation) -> Iterator[None]:
    """While the cluster is only asked, a signal ends at once; programs are told so."""

    def told(exit_code: int) -> None:
        if invocation.output == "json":
            invocation.terminal.result(as_json(failures.document(interruption(exit_code))))

    with ending_at_once(told):
        yield
