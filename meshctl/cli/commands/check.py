from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from meshctl.cli import checks, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.errors import CheckError, UsageError

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("human", "json", "sarif", "github", "junit"),
    selects="with needs",
    examples="""
    meshctl check --all
    meshctl check web --fail-on warning
    meshctl check --all --golden             # has what is rendered changed since golden/ was stored?
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
    golden: Annotated[
        bool, typer.Option("--golden", help="Only compare with golden/; exit 4 and a diff if it differs")
    ] = False,
    update: Annotated[bool, typer.Option("--update", help="With --golden: store what is rendered now")] = False,
) -> int:
    """Find what is wrong with config, templates and manifests, before a cluster does. Asks no cluster.

    An object's annotation `meshctl.dev/ignore: "CODE: reason"`, or check.ignore in the config, silences a finding. Exit
    code: 0 nothing as bad as --fail-on, 4 findings, 2 usage or an unreadable file.

    --golden renders for a user called golden, masks Secrets, and compares with golden/<environment>/, which belongs
    into git: a review then shows what a change of a template or a variable does to the manifests.
    """
    if update and not golden:
        raise UsageError("--update stores what --golden compares with", suggestion="say --golden --update")
    if golden:
        if invocation.output not in ("human", "json"):
            raise UsageError(f"--golden has no -o {invocation.output}", suggestion="human or json")
        return 0 if checks.compare(invocation, chosen, update=update) else CheckError.exit_code
    from meshctl.output import findings

    report = checks.examine(invocation, chosen)
    sources = findings.Sources(session.find_project(invocation).root)
    invocation.terminal.result(findings.show(report, invocation.output, invocation.terminal, sources))
    return CheckError.exit_code if report.fails(fail_on) else 0
