from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from meshctl.cli import running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import (
    Concurrency,
    DryRun,
    FailFast,
    ForceConflicts,
    Replace,
    Reports,
    TakeOwnership,
    Timeout,
    Wait,
    seconds,
)


@as_command(
    forms=("human", "json"),
    stream="events",
    examples="""
    meshctl rollback                     # what the last run was about, as it was before
    meshctl rollback 12                  # all that run 12 applied; `meshctl history` lists runs
    meshctl rollback 12 --dry-run server
    """,
)
def command(
    invocation: Invocation,
    *,
    revision: Annotated[
        int | None, typer.Argument(metavar="REVISION", help="A run of the history", show_default=False)
    ] = None,
    dry_run: DryRun = "none",
    wait: Wait = True,
    timeout: Timeout = "5m",
    fail_fast: FailFast = False,
    concurrency: Concurrency = 16,
    force_conflicts: ForceConflicts = False,
    take_ownership: TakeOwnership = False,
    replace: Replace = False,
    report: Reports = None,
) -> int:
    """Apply again what an earlier start or rollback applied, in order, waiting, and prune what it did not have.

    With no REVISION, the services of the last run go back to the newest run before it that went well. The templates
    are not asked, but for Secrets: those are rendered anew from today's config, as the history has no values.
    """
    from meshctl import history, lifecycle

    reports = session.reports(invocation, report)
    options = lifecycle.StartOptions(
        dry_run=dry_run,
        wait=wait,
        timeout=seconds("--timeout", timeout),
        fail_fast=fail_fast,
        concurrency=concurrency,
        command=invocation.typed,
        force_conflicts=force_conflicts,
        take_ownership=take_ownership,
        replace=replace,
    )
    config = session.load_config(invocation)
    cluster = session.connect_to_change(invocation, config)
    kept = history.History(cluster, config.namespace, config.project)
    with running.reading(invocation):
        entries = kept.entries()
        entry = history.previous(entries) if revision is None else history.choose(entries, revision)
        stored = kept.bundle(entry)
    services = entries[0].services if revision is None else None
    restored = lifecycle.restore(config, stored, services, partial(session.make_bundle, invocation))
    return running.follow(
        invocation,
        lambda interrupt: lifecycle.rollback(restored, entry.revision, cluster, options, interrupt),
        reports=reports,
    )
