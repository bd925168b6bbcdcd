from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from meshctl.cli import running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import OfProject, Timeout, seconds
from meshctl.errors import GuardError, UsageError


@as_command(
    forms=("human", "json"),
    stream="events",
    examples="""
    meshctl namespace gc --dry-run
    meshctl namespace gc --yes
    meshctl namespace gc --all-projects --timeout 10m
    """,
)
def command(
    invocation: Invocation,
    *,
    project: OfProject = "",
    all_projects: Annotated[bool, typer.Option("--all-projects", help="Those of every project")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, delete nothing")] = False,
    timeout: Timeout = "5m",
) -> int:
    """Delete the namespaces of this project whose time is up, whoever they belong to, and wait until they are gone.

    Only such as meshctl has made. It shows them and asks first; without a terminal it wants --yes.
    """
    from meshctl import lifecycle
    from meshctl.output import wording

    if project and all_projects:
        raise UsageError("--project and --all-projects exclude each other")
    options = lifecycle.CollectOptions(dry_run=dry_run, timeout=seconds("--timeout", timeout))
    config = session.load_config(invocation)
    cluster = session.connect_to_change(invocation, config)
    with running.reading(invocation):
        found = lifecycle.expired(cluster, "" if all_projects else project or config.project)
    if found and not (dry_run or invocation.yes):
        names = ", ".join(body["metadata"]["name"] for body in found)
        if not invocation.terminal.interactive:
            raise GuardError(f"nobody can be asked whether {names} may go", suggestion="--yes, or --dry-run")
        session.confirm(invocation, f"Delete {wording.count(len(found), 'namespace')}: {names}?")
    in_lines = replace(invocation, terminal=replace(invocation.terminal, live=False))  # there is no table of services
    return running.follow(in_lines, lambda interrupt: lifecycle.collect(config, found, cluster, options, interrupt))
