from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.output import wording
from meshctl.output.documents import document, names


@as_command(
    forms=("human", "name", "json"),
    examples="""
    meshctl init shop && cd shop
    meshctl init              # in this folder
    """,
)
def command(
    invocation: Invocation,
    *,
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="The project's folder; default: this one", show_default=False)
    ] = None,
) -> None:
    """Make a new project that starts at once on the sandbox: config, two services, templates, a CI file.

    Nothing that is there already is written over.
    """
    from meshctl import scaffold

    target = folder or invocation.directory or Path()
    written = [str(target / file) for file in scaffold.create(target)]
    if invocation.output != "human":
        created = document("json", {"created": written}) if invocation.output == "json" else names(written)
        invocation.terminal.result(created)
        return
    invocation.terminal.result("\n".join(f"created {name}" for name in written))
    enter = "" if target == Path() else f"cd {target} && "
    start = f"{enter}{invocation.program} sandbox up && {invocation.program} start"
    invocation.terminal.notice(f"{wording.count(len(written), 'file')}. Next: {start}")
