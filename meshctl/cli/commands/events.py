from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from meshctl.cli import completers, running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import Watch
from meshctl.errors import UsageError

if TYPE_CHECKING:
    from meshctl.plan import Selection

_TYPES = ("Normal", "Warning")


@as_command(
    forms=("human", "wide", "json", "yaml"),
    selects="named",
    examples="""
    meshctl events                          # the oldest first
    meshctl events web --types Warning
    meshctl events -g trade -w
    meshctl events web -o json | jq -r '.events[].message'
    """,
)
def command(
    invocation: Invocation,
    chosen: Selection,
    *,
    types: Annotated[
        str,
        typer.Option(
            "--types",
            metavar="TYPE,...",
            help="Normal, Warning; default: both",
            show_default=False,
            autocompletion=completers.choices(*_TYPES),
        ),
    ] = "",
    watch: Watch = False,
) -> int:
    """List the Events of services: of their objects, and of the ReplicaSets and pods that were made of them."""
    from meshctl import inventory
    from meshctl.output import happenings

    wanted = tuple(map(_type, filter(None, types.split(","))))
    found = session.reach(invocation, chosen)
    scope = inventory.Scope(found.config.project, found.config.namespace, found.plan.services)
    view = inventory.Happenings(scope, wanted)
    if watch:
        stream = happenings.Stream(invocation.output, invocation.terminal)
        return running.until_interrupted(
            lambda interrupt: inventory.watch(found.cluster, view, interrupt),
            lambda table: stream.show(table.rows),
            tidy=lambda: None,
        )
    with running.reading(invocation):
        table = inventory.read(found.cluster, view)
    session.tell(invocation, table.warnings)
    invocation.terminal.result(happenings.show(table.rows, invocation.output, invocation.terminal))
    return 0


def _type(word: str) -> str:
    """In whatever case, as kubectl takes it."""
    for known in _TYPES:
        if known.lower() == word.strip().lower():
            return known
    raise UsageError(f"--types: there is no type {word.strip()!r}", suggestion="Normal, Warning or both")
