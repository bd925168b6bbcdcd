from __future__ import annotations

from typing import TYPE_CHECKING

from meshctl.cli import running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import (
    Concurrency,
    FailFast,
    ForceConflicts,
    Replace,
    Reports,
    TakeOwnership,
    Timeout,
    Wait,
    seconds,
)

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("human", "json"),
    stream="events",
    selects="named",
    examples="""
    meshctl reload
    meshctl reload web --set vars.log_level=debug
    """,
)
def command(
    invocation: Invocation,
    chosen: Selection,
    *,
    wait: Wait = True,
    timeout: Timeout = "5m",
    fail_fast: FailFast = False,
    concurrency: Concurrency = 16,
    force_conflicts: ForceConflicts = False,
    take_ownership: TakeOwnership = False,
    replace: Replace = False,
    report: Reports = None,
) -> int:
    """Apply the ConfigMaps and Secrets of what runs, and roll only the workloads that use one that changed.

    Makes no workload and changes no image.
    """
    from meshctl import lifecycle

    reports = session.reports(invocation, report)
    options = lifecycle.ReloadOptions(
        wait=wait,
        timeout=seconds("--timeout", timeout),
        fail_fast=fail_fast,
        concurrency=concurrency,
        command=invocation.typed,
        force_conflicts=force_conflicts,
        take_ownership=take_ownership,
        replace=replace,
    )
    found = session.prepare(invocation, chosen, closure=False)
    return running.follow(
        invocation,
        lambda interrupt: lifecycle.reload(found.plan, found.bundle, found.cluster, options, interrupt),
        reports=reports,
    )
