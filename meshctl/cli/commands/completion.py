from __future__ import annotations

from typing import Annotated, Literal

import typer

from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.shells import SCRIPTS

Shell = Literal["bash", "zsh", "fish", "powershell"]


@as_command(
    examples="""
    source <(meshctl completion bash)                                        # in ~/.bashrc
    meshctl completion zsh > "${fpath[1]}/_meshctl"
    meshctl completion fish > ~/.config/fish/completions/meshctl.fish
    meshctl completion powershell | Out-String | Invoke-Expression           # in $PROFILE
    """,
)
def command(
    invocation: Invocation,
    shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish|powershell", help="Your shell", show_default=False)],
) -> None:
    """Print the script that makes a shell complete meshctl: commands, options, and live names of services, groups,
    environments, contexts and namespaces."""
    invocation.terminal.result(SCRIPTS[shell])
