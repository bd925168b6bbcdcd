from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from meshctl.cli import checks, running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import (
    Concurrency,
    DryRun,
    FailFast,
    ForceConflicts,
    Images,
    Prune,
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
    selects="with needs",
    examples="""
    meshctl start                         # what the config enables
    meshctl start web -g trade            # a service and a group, with what they need
    meshctl start --all --dry-run server  # what would happen, checked by the server
    meshctl start web --image web=registry.local/web:v2
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
    image: Images = None,
    prune: Prune = True,
    force_conflicts: ForceConflicts = False,
    take_ownership: TakeOwnership = False,
    replace: Replace = False,
    ttl: Annotated[
        str | None,
        typer.Option("--ttl", metavar="DURATION", help="How long the namespace may live from now, if meshctl made it"),
    ] = None,
    report: Reports = None,
) -> int:
    """Apply services in the order of their needs and wait until they are ready.

    What the selected services need comes along. A service is applied as soon as all that it waits for is ready; one
    that fails holds up only what needs it. What `meshctl check` calls an error stops it before anything is sent. What
    has left a service's templates is deleted once the service is up, and with --all what has left the config; claims on
    volumes stay. Exit code: 0 all ready, 1 something is not, 3 something is another's, 4 the check found errors.
    """
    from meshctl import lifecycle

    reports = session.reports(invocation, report)
    options = lifecycle.StartOptions(
        dry_run=dry_run,
        wait=wait,
        timeout=seconds("--timeout", timeout),
        fail_fast=fail_fast,
        concurrency=concurrency,
        command=invocation.typed,
        prune=prune,
        everything=session.is_everything(chosen),
        force_conflicts=force_conflicts,
        take_ownership=take_ownership,
        replace=replace,
        ttl=None if ttl is None else seconds("--ttl", ttl),
    )
    config = session.load_config(invocation)
    plan = session.make_plan(config, chosen, closure=True)
    bundle = session.with_images(session.make_bundle(invocation, plan), image)
    checks.refuse_errors(plan, bundle)
    cluster = None if dry_run == "client" else session.connect_to_change(invocation, config)
    return running.follow(
        invocation, lambda interrupt: lifecycle.start(plan, bundle, cluster, options, interrupt), reports=reports
    )
