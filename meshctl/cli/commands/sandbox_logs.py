from __future__ import annotations

from typing import Annotated

import typer

from meshctl.cli import completers
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import SandboxName
from meshctl.errors import UsageError, did_you_mean


@as_command(
    examples="""
    meshctl sandbox logs --tail 20
    meshctl sandbox logs kube-apiserver -f
    """,
)
def command(
    invocation: Invocation,
    *,
    program: Annotated[
        str | None,
        typer.Argument(
            metavar="PROGRAM", help="One of its programs; default: all", autocompletion=completers.sandbox_programs
        ),
    ] = None,
    name: SandboxName = "meshctl",
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with what is still to come")] = False,
    tail: Annotated[int | None, typer.Option(metavar="N", min=0, help="Only the last lines of each")] = None,
) -> None:
    """Show the logs of the sandbox's own programs, not of pods."""
    from meshctl import sandbox

    if program and program not in sandbox.PROGRAMS:
        advice = did_you_mean(program, sandbox.PROGRAMS) or f"one of {', '.join(sandbox.PROGRAMS)}"
        raise UsageError(f"the sandbox has no program {program!r}", suggestion=advice)
    for source, line in sandbox.logs(name, program, follow=follow, tail=tail):
        invocation.terminal.result(line if program else f"{source}  {line}")
        if follow:
            invocation.terminal.stdout.flush()
