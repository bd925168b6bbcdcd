"""Shows a table of what runs: once, or again after every change until Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from meshctl.cli import running, session
from meshctl.cli.invocation import Invocation
from meshctl.output.watches import watcher

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.inventory import View

Row = TypeVar("Row")


def show(
    invocation: Invocation,
    cluster: Cluster,
    view: View[Row],
    text_of: Callable[[Sequence[Row]], str],
    *,
    watch: bool,
) -> int:
    """`text_of` makes the whole output of the rows. What must not be read is told on stderr."""
    from meshctl import inventory

    if not watch:
        with running.reading(invocation):
            table = inventory.read(cluster, view)
        session.tell(invocation, table.warnings)
        invocation.terminal.result(text_of(table.rows))
        return 0
    with watcher(invocation.output, invocation.terminal) as shown:
        return running.until_interrupted(
            lambda interrupt: inventory.watch(cluster, view, interrupt),
            lambda table: shown.show(text_of(table.rows)),
            tidy=shown.close,
        )
