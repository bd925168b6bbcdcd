from __future__ import annotations

from typing import Annotated, Literal

import typer

from meshctl.cli import session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.output import listings

What = Literal["services", "groups", "envs"]


@as_command(
    forms=("human", "wide", "json", "yaml", "name"),
    examples="""
    meshctl list services
    meshctl list groups -o wide
    meshctl list envs -o name
    """,
)
def command(
    invocation: Invocation,
    *,
    what: Annotated[What, typer.Argument(metavar="services|groups|envs", help="What to list", show_default=False)],
) -> None:
    """List the services, the groups or the environments of the project. Asks no cluster."""
    if what == "envs":
        text = listings.environments(*session.environments(invocation), invocation.output)
    elif what == "services":
        text = listings.services(session.load_config(invocation), invocation.output)
    else:
        text = listings.groups(session.load_config(invocation), invocation.output)
    invocation.terminal.result(text)
