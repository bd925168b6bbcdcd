from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import ToFolder, folder_of


@as_command(
    forms=("human", "name", "json", "yaml"),
    examples="""
    meshctl import deploy/ --output shop
    helm template shop chart/ | meshctl import - -C shop
    kubectl kustomize overlays/dev | meshctl import - --lift
    """,
)
def command(
    invocation: Invocation,
    *,
    sources: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files, folders, or - for standard input")],
    to: ToFolder = None,
    lift: Annotated[
        bool, typer.Option("--lift", help="Make vars of the registry, the tag and the namespace that repeat")
    ] = False,
) -> None:
    """Make a project of plain manifests: one folder a service, and which service needs which.

    A need is found where a variable, an argument or a ConfigMap names another service's address. gen gives back the
    same objects. Comments are not kept, and nothing that is there already is written over.
    """
    from meshctl import importing, scaffold
    from meshctl.config import dns_label
    from meshctl.output import imports

    target = folder_of(invocation, to) or invocation.directory or Path()
    project = dns_label(target.resolve().name)
    made = importing.make(importing.read(sources, invocation.terminal.stdin.buffer), project, lifting=lift)
    written = scaffold.create_files(target, made.files)
    files, terminal = [str(target / file) for file in written], invocation.terminal
    terminal.result(imports.result(made, files, invocation.output, width=terminal.width if terminal.live else 0))
    terminal.notice(imports.notice(made, target, invocation.program))
