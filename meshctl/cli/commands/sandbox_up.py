from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import SandboxName
from meshctl.output import sandboxes
from meshctl.output.progress import ProgressLines


@as_command(
    forms=("human", "json", "yaml"),
    examples="""
    meshctl sandbox up
    meshctl sandbox up --name ci -o json
    KUBECONFIG=$(meshctl sandbox status -o json | jq -r .kubeconfig) kubectl get nodes
    """,
)
def command(
    invocation: Invocation,
    *,
    name: SandboxName = "meshctl",
    assets: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Take etcd, kube-apiserver and the rest from here instead of building them"),
    ] = None,
    merge_kubeconfig: Annotated[
        bool, typer.Option("--merge-kubeconfig", help="Also write the context into ~/.kube/config")
    ] = False,
) -> None:
    """Start a real Kubernetes control plane on this machine: no container, nothing outside its own folder.

    The first start builds it, which takes minutes; a sandbox that runs already is reused, a half-dead one repaired.
    """
    from meshctl import sandbox

    steps = sandbox.up(name, assets=assets, merge_kubeconfig=merge_kubeconfig)
    with closing(steps), ProgressLines(invocation.terminal) as progress:  # type: ignore[type-var]
        for step in steps:
            progress.show(step)
    invocation.terminal.result(sandboxes.status(sandbox.status(name), invocation.output, invocation.terminal))
