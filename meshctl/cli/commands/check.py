from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from meshctl.cli import checks, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.errors import CheckError

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("human", "json", "sarif", "github", "junit"),
    selects="with needs",
    examples="""
    meshctl check --all
    meshctl check web --fail-on warning
    meshctl check --all -o github            # in a workflow: findings at their lines
    meshctl check --all -o sarif > meshctl.sarif
    """,
)
def command(
    invocation: Invocation,
    chosen: Selection,
    *,
    fail_on: Annotated[
        Literal["error", "warning", "never"],
        typer.Option("--fail-on", metavar="SEVERITY", help="Exit 4 from which severity on: error, warning, never"),
    ] = "error",
) -> int:
    """Find what is wrong with config, templates and manifests, before a cluster does. Asks no cluster.

    An object's annotation `meshctl.dev/ignore: "CODE: reason"`, or check.ignore in the config, silences a finding. Exit
    code: 0 nothing as bad as --fail-on, 4 findings, 2 usage or an unreadable file.
    """
    from meshctl.output import findings

    report = checks.examine(invocation, chosen)
    sources = findings.Sources(session.find_project(invocation).root)
    invocation.terminal.result(findings.show(report, invocation.output, invocation.terminal, sources))
    return CheckError.exit_code if report.fails(fail_on) else 0
