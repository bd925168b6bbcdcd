from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from meshctl.cli import running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import Concurrency, FailFast, Reports, Timeout, Wait, seconds

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("human", "json"),
    stream="events",
    selects="named",
    examples="""
    meshctl restart web
    meshctl restart -g trade --timeout 2m
    meshctl restart --all --changed          # whose configuration was edited in the cluster
    """,
)
def command(
    invocation: Invocation,
    chosen: Selection,
    *,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only pods older than a ConfigMap or Secret that they read")
    ] = False,
    wait: Wait = True,
    timeout: Timeout = "5m",
    fail_fast: FailFast = False,
    concurrency: Concurrency = 16,
    report: Reports = None,
) -> int:
    """Roll the pods of services as `kubectl rollout restart` does, in the order of their needs, waiting for each.

    One that does not come back holds up only what needs it. With --changed, only workloads are rolled that mount, or
    have in their environment, a ConfigMap or Secret that anybody has changed in the cluster since their pods began.
    """
    from meshctl import lifecycle

    reports = session.reports(invocation, report)
    options = lifecycle.RestartOptions(
        changed=changed,
        wait=wait,
        timeout=seconds("--timeout", timeout),
        fail_fast=fail_fast,
        concurrency=concurrency,
    )
    config = session.load_config(invocation)
    plan = session.make_plan(config, chosen, closure=False)
    cluster = session.connect_to_change(invocation, config)
    return running.follow(
        invocation, lambda interrupt: lifecycle.restart(plan, cluster, options, interrupt), reports=reports
    )
