from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from meshctl.cli import session, watching
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import Watch

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("human", "wide", "json", "yaml", "name"),
    selects="named",
    examples="""
    meshctl status
    meshctl status -g trade -w
    meshctl status --no-drift -o json | jq '.services[] | select(.state != "ready")'
    """,
)
def command(
    invocation: Invocation,
    chosen: Selection,
    *,
    drift: Annotated[bool, typer.Option("--drift/--no-drift", help="Compare with the config; quicker without")] = True,
    watch: Watch = False,
) -> int:
    """Show each service: how many of its pods are ready, or why they are not; image, age, drift from the config.

    With nothing named, services that run but that the config no longer has are shown too.
    """
    from meshctl import inventory
    from meshctl.output import inventories

    config = session.load_config(invocation)
    plan = session.make_plan(config, chosen, closure=False)
    bundle = session.make_bundle(invocation, plan) if drift else None
    cluster = session.connect(invocation, config)
    view = inventory.Status(plan, bundle, orphans=chosen.all or not session.is_named(chosen))
    text_of = inventories.status(invocation.output, invocation.terminal)
    return watching.show(invocation, cluster, view, text_of, watch=watch)
