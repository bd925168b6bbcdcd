from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from meshctl.cli import session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.errors import DriftError, UsageError

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("human", "name", "json", "yaml"),
    selects="with needs",
    examples="""
    meshctl gen
    meshctl gen -g trade --stdout | kubectl apply --dry-run=server -f -
    meshctl gen --all --check                # in CI: is the folder as the templates say?
    """,
)
def command(
    invocation: Invocation,
    chosen: Selection,
    *,
    output_path: Annotated[
        Path | None, typer.Option("--output-path", metavar="DIR", help="Write here, not to the config's output_path")
    ] = None,
    stdout: Annotated[bool, typer.Option("--stdout", help="Write one stream of YAML to stdout, and no files")] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 4 if the folder is out of date")] = False,
) -> int:
    """Render the manifests into the output folder, one file for each template. Asks no cluster.

    Files of an earlier gen that are no longer rendered are removed; files of others are left alone.
    """
    from meshctl import render
    from meshctl.output import files

    if stdout and (check or output_path):
        raise UsageError("--stdout writes no files", suggestion="leave out --check and --output-path")
    config = session.load_config(invocation)
    plan = session.make_plan(config, chosen, closure=True)
    bundle = session.make_bundle(invocation, plan)
    if stdout:
        invocation.terminal.result(render.stream(bundle))
        return 0
    folder = output_path or config.output_path
    changes = (render.check if check else render.write)(bundle, plan, folder)
    invocation.terminal.result(files.changes(changes, folder, invocation.output, checked=check))
    if not check:
        invocation.terminal.notice(files.total(changes, folder))
    return DriftError.exit_code if check and changes.out_of_date else 0
