from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from meshctl.cli import running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("human", "json", "yaml"),
    selects="named",
    examples="""
    meshctl describe web
    meshctl describe -g trade --no-drift
    meshctl describe web -o json | jq '.services[0].diagnosis'
    """,
)
def command(
    invocation: Invocation,
    chosen: Selection,
    *,
    drift: Annotated[bool, typer.Option("--drift/--no-drift", help="Compare with the config; quicker without")] = True,
) -> int:
    """Show all of a service: what the config says, its objects, pods, ports and events, and why it is not ready."""
    from meshctl import inventory
    from meshctl.output import descriptions

    config = session.load_config(invocation)
    plan = session.make_plan(config, chosen, closure=False)
    bundle = session.make_bundle(invocation, plan) if drift else None
    cluster = session.connect(invocation, config)
    with running.reading(invocation):
        table = inventory.describe(cluster, inventory.Describe(plan, bundle))
    session.tell(invocation, table.warnings)
    invocation.terminal.result(descriptions.show(table.rows, invocation.output, invocation.terminal))
    return 0
