from __future__ import annotations

from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import SandboxName
from meshctl.output import sandboxes
from meshctl.output.progress import ProgressLines


@as_command(
    forms=("human", "json"),
    examples="""
    meshctl sandbox down
    meshctl sandbox down --name ci
    """,
)
def command(invocation: Invocation, *, name: SandboxName = "meshctl") -> None:
    """Stop the sandbox and remove all that it left but the built programs. One that does not run is no error."""
    from meshctl import sandbox

    with ProgressLines(invocation.terminal) as progress:
        for step in sandbox.down(name):
            progress.show(step)
    if invocation.output == "json":
        invocation.terminal.result(sandboxes.status(sandbox.status(name), invocation.output, invocation.terminal))
