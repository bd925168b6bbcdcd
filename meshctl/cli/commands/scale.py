from __future__ import annotations

from typing import Annotated

import typer

from meshctl.cli import completers, running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import Timeout, Wait, seconds


@as_command(
    forms=("human", "json"),
    stream="events",
    examples="""
    meshctl scale web=3
    meshctl scale web=0 trade-server=2 --no-wait
    meshctl scale web/worker=5                     # one of the workloads of a service
    """,
)
def command(
    invocation: Invocation,
    *,
    sizes: Annotated[
        list[str],
        typer.Argument(
            metavar="SERVICE=N...", help="How many pods each is to have", autocompletion=completers.services
        ),
    ],
    wait: Wait = True,
    timeout: Timeout = "5m",
) -> int:
    """Give services another number of pods and wait until they are ready.

    It lasts until the next start where the templates say a number, and longer where they leave it out.
    """
    from meshctl import lifecycle

    options = lifecycle.ScaleOptions(wait=wait, timeout=seconds("--timeout", timeout))
    wanted = [lifecycle.parse_size(text) for text in sizes]
    config = session.load_config(invocation)
    cluster = session.connect_to_change(invocation, config)
    return running.follow(invocation, lambda interrupt: lifecycle.scale(config, wanted, cluster, options, interrupt))
