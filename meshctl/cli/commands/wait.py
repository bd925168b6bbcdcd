from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from meshctl.cli import completers, running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import FailFast, Timeout, seconds

if TYPE_CHECKING:
    from meshctl.plan import Selection

_GOALS = ("ready", "applied", "condition=", "cel=", "deleted")


@as_command(
    forms=("human", "json"),
    stream="events",
    selects="named",
    examples="""
    meshctl wait                                    # until all that the config enables is ready
    meshctl wait web -g trade --timeout 2m
    meshctl wait web --for condition=Progressing
    meshctl wait web --for 'cel=self.status.readyReplicas >= 2'
    meshctl wait --all --for deleted
    """,
)
def command(
    invocation: Invocation,
    chosen: Selection,
    *,
    goal: Annotated[
        str,
        typer.Option(
            "--for",
            metavar="GOAL",
            help="ready, applied, condition=TYPE[=STATUS], cel=EXPRESSION or deleted; default: the service's own",
            show_default=False,
            autocompletion=completers.choices(*_GOALS),
        ),
    ] = "",
    timeout: Timeout = "5m",
    fail_fast: FailFast = False,
) -> int:
    """Wait until services are ready, or say why they are not. Changes nothing.

    What of a service is there counts, not what the config says. Exit code: 0 as wanted, 1 not.
    """
    from meshctl import lifecycle
    from meshctl.lifecycle.goals import parse

    options = lifecycle.WaitOptions(
        goal=parse(goal) if goal else "", timeout=seconds("--timeout", timeout), fail_fast=fail_fast
    )
    found = session.reach(invocation, chosen)
    return running.follow(invocation, lambda interrupt: lifecycle.wait(found.plan, found.cluster, options, interrupt))
