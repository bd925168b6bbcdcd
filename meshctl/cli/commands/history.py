from __future__ import annotations

from typing import Annotated

import typer

from meshctl.cli import running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation


@as_command(
    forms=("human", "wide", "json", "yaml"),
    examples="""
    meshctl history
    meshctl history 12            # what it was, and its objects
    meshctl history 12 -o yaml    # its manifests too
    """,
)
def command(
    invocation: Invocation,
    *,
    revision: Annotated[
        int | None, typer.Argument(metavar="REVISION", help="One run, in detail", show_default=False)
    ] = None,
) -> None:
    """List the runs that changed something in the namespace: who, when, what was typed, and what came of it.

    Every start, reload and rollback is kept there, the last ten of them; Secrets by their names alone. What was set on
    the command line is kept without its values. `stop --all` clears it.
    """
    from meshctl import history
    from meshctl.output import histories

    config = session.load_config(invocation)
    kept = history.History(session.connect(invocation, config), config.namespace, config.project)
    with running.reading(invocation):
        entries = kept.entries()
        if not entries:
            invocation.terminal.notice("no run of this project has been kept here yet")
        if revision is None:
            text = histories.listed(entries, invocation.output, invocation.terminal)
        else:
            entry = history.choose(entries, revision)
            bundle = kept.bundle(entry) if entry.restorable else None
            text = histories.shown(entry, bundle, invocation.output)
    invocation.terminal.result(text)
