from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from meshctl.cli import completers, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("text", "dot", "mermaid", "svg", "html", "json"),
    selects="with needs",
    examples="""
    meshctl graph -g trade
    meshctl graph --all -o svg > graph.svg
    meshctl graph --all -o html > graph.html      # point at a service: what it needs, what needs it
    meshctl graph --all --needed-by postgres      # who waits for postgres
    """,
)
def command(
    invocation: Invocation,
    chosen: Selection,
    *,
    needs_of: Annotated[
        list[str] | None,
        typer.Option(metavar="SERVICE", help="Only what this one needs", autocompletion=completers.services),
    ] = None,
    needed_by: Annotated[
        list[str] | None,
        typer.Option(metavar="SERVICE", help="Only what needs this one", autocompletion=completers.services),
    ] = None,
) -> None:
    """Show which service waits for which: needs and priority tiers, in start order. Asks no cluster."""
    from meshctl.plan import export, focus

    plan = session.make_plan(session.load_config(invocation), chosen, closure=True)
    focused = focus(plan, needs_of=needs_of or (), needed_by=needed_by or ())
    invocation.terminal.result(export(focused, invocation.output))
