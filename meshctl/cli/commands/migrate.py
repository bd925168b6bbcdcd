from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import ToFolder, folder_of
from meshctl.errors import UsageError


@as_command(
    forms=("human", "json", "yaml"),
    examples="""
    meshctl migrate .                      # what would change, and why
    meshctl migrate . --write
    meshctl migrate old/ --output shop     # leaves the old project as it is
    """,
)
def command(
    invocation: Invocation,
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project, or a folder of plain manifests")],
    write: Annotated[bool, typer.Option("--write", help="Write in place; what git has not got wants --yes")] = False,
    to: ToFolder = None,
) -> None:
    """Turn a k8s-istio-control project into one of meshctl: Go templates, old API versions, Mixer objects.

    Without --write and --output it shows a diff and changes nothing. What cannot be decided is marked in the output
    with the reason, never guessed.
    """
    from meshctl import migrate
    from meshctl.output import migrations

    target, terminal = folder_of(invocation, to), invocation.terminal
    if write and target:
        raise UsageError("--write and --output exclude each other")
    migrated = migrate.migrate(folder)
    if target:
        migrate.write_into(target, migrated)
    elif write:
        migrate.write_in_place(folder, migrated, yes=invocation.yes)
    if invocation.output != "human":
        terminal.result(migrations.machine(migrated, invocation.output))
        return
    if not (write or target):
        terminal.result(migrations.diff(migrated, colored=terminal.colored))
    terminal.result(migrations.report(migrated, colored=terminal.colored))
    terminal.notice(migrations.total(migrated))
    if not migrated.is_project:
        terminal.notice(f"No project file is here; {invocation.program} import makes a project of manifests")
    elif write or target:
        terminal.notice(f"Next: {invocation.program} -C {target or folder} check")
