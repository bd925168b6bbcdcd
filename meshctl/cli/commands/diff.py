from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from meshctl.cli import running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import ForceConflicts, Images, Prune, Replace, TakeOwnership

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("human", "json", "yaml"),
    selects="with needs",
    failure=2,
    examples="""
    meshctl diff
    meshctl diff web --no-needs --set vars.tag=v2
    meshctl diff --all --summary && echo "nothing would change"
    """,
)
def command(
    invocation: Invocation,
    chosen: Selection,
    *,
    summary: Annotated[bool, typer.Option("--summary", help="The objects alone, not their fields")] = False,
    image: Images = None,
    prune: Prune = True,
    force_conflicts: ForceConflicts = False,
    take_ownership: TakeOwnership = False,
    replace: Replace = False,
) -> int:
    """Show what start with the same options would change, by the server's dry run, field by field.

    Exit code: 0 nothing would change, 1 something would, 3 refused by a guard, 2 any other failure.
    """
    from meshctl import lifecycle
    from meshctl.output import diffs

    options = lifecycle.StartOptions(
        prune=prune,
        everything=session.is_everything(chosen),
        force_conflicts=force_conflicts,
        take_ownership=take_ownership,
        replace=replace,
    )
    found = session.prepare(invocation, chosen, closure=True)
    with running.reading(invocation):
        changes = lifecycle.diff(found.plan, session.with_images(found.bundle, image), found.cluster, options)
    invocation.terminal.result(diffs.show(changes, invocation.output, invocation.terminal, summary=summary))
    return 1 if changes else 0
