from __future__ import annotations

from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import SandboxName


@as_command(
    forms=("human", "json", "yaml"),
    examples="""
    meshctl sandbox status
    meshctl sandbox status -o json | jq -r .kubeconfig
    """,
)
def command(invocation: Invocation, *, name: SandboxName = "meshctl") -> None:
    """Show whether the sandbox runs, where its kubeconfig is, and how its programs are."""
    from meshctl import sandbox
    from meshctl.output import sandboxes

    invocation.terminal.result(sandboxes.status(sandbox.status(name), invocation.output, invocation.terminal))
