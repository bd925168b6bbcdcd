from __future__ import annotations

from typing import TYPE_CHECKING

from meshctl.cli import running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import Concurrency, DryRun, FailFast, Timeout, Wait, seconds

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("human", "json"),
    stream="events",
    selects="with needs",
    examples="""
    meshctl start                         # what the config enables
    meshctl start web -g trade            # a service and a group, with what they need
    meshctl start --all --dry-run server  # what would happen, checked by the server
    """,
)
def command(
    invocation: Invocation,
    chosen: Selection,
    *,
    dry_run: DryRun = "none",
    wait: Wait = True,
    timeout: Timeout = "5m",
    fail_fast: FailFast = False,
    concurrency: Concurrency = 16,
) -> int:
    """Apply services in the order of their needs and wait until they are ready.

    What the selected services need comes along. A service is applied as soon as all that it waits for is ready; one
    that fails holds up only what needs it. Exit code: 0 all ready, 1 something is not.
    """
    from meshctl import lifecycle

    options = lifecycle.StartOptions(
        dry_run=dry_run,
        wait=wait,
        timeout=seconds("--timeout", timeout),
        fail_fast=fail_fast,
        concurrency=concurrency,
    )
    config = session.load_config(invocation)
    plan = session.make_plan(config, chosen, closure=True)
    bundle = session.make_bundle(invocation, plan)
    cluster = None if dry_run == "client" else session.connect_to_change(invocation, config)
    return running.follow(invocation, lambda interrupt: lifecycle.start(plan, bundle, cluster, options, interrupt))
