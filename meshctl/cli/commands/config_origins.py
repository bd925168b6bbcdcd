from __future__ import annotations

from typing import Annotated

import typer

from meshctl.cli import session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation


@as_command(
    forms=("human", "json", "yaml"),
    examples="""
    meshctl config origins
    meshctl config origins vars.tag
    meshctl config origins 'service.web' -o json
    """,
)
def command(
    invocation: Invocation,
    *,
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Only these values and what is below", show_default=False)
    ] = None,
) -> None:
    """Show where each value of the config comes from: its file and line, or the option or variable that set it."""
    from meshctl.output import listings

    config = session.load_config(invocation)
    invocation.terminal.result(listings.origins(config, paths or [], invocation.output))
