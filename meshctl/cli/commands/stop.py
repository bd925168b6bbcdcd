from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from meshctl.cli import running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import Reports, TakeOwnership, Timeout, seconds

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("human", "json"),
    stream="events",
    selects="named",
    examples="""
    meshctl stop web
    meshctl stop postgres --with-dependents    # and what needs it
    meshctl stop --all --no-keep-data          # everything, volumes too
    """,
)
def command(
    invocation: Invocation,
    chosen: Selection,
    *,
    keep_data: Annotated[
        bool, typer.Option("--keep-data/--no-keep-data", help="Leave PersistentVolumeClaims where they are")
    ] = True,
    with_dependents: Annotated[bool, typer.Option("--with-dependents", help="Also stop what needs these")] = False,
    force: Annotated[bool, typer.Option("--force", help="Do not mind that services that need these run")] = False,
    delete_namespace: Annotated[
        bool, typer.Option("--delete-namespace", help="Then delete the namespace, if meshctl made it")
    ] = False,
    take_ownership: TakeOwnership = False,
    timeout: Timeout = "5m",
    report: Reports = None,
) -> int:
    """Delete services in reverse order and wait until they are gone.

    It goes by the labels of what is there, so it also stops services that the config no longer has. With nothing
    named it asks first, and without a terminal it wants --all or --yes.
    """
    from meshctl import lifecycle

    reports = session.reports(invocation, report)
    options = lifecycle.StopOptions(
        keep_data=keep_data,
        with_dependents=with_dependents,
        force=force,
        delete_namespace=delete_namespace,
        take_ownership=take_ownership,
        timeout=seconds("--timeout", timeout),
    )
    config = session.load_config(invocation)
    services = session.services_to_stop(invocation, config, chosen)
    cluster = session.connect_to_change(invocation, config)
    if not session.is_named(chosen):
        session.confirm(invocation, f"Stop {', '.join(services or ())} in namespace {config.namespace}?")
    return running.follow(
        invocation, lambda interrupt: lifecycle.stop(config, services, cluster, options, interrupt), reports=reports
    )
