from __future__ import annotations

from typing import Annotated

import typer

from meshctl.cli import attaching, completers, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.errors import UsageError


@as_command(
    examples="""
    meshctl exec web -- ls -l /etc
    meshctl exec web -it -- sh
    meshctl exec postgres -i -- psql -U shop < dump.sql
    meshctl exec pod/web-7d4b9c-x2x8p -c istio-proxy -- pilot-agent version
    """,
)
def command(
    invocation: Invocation,
    *,
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="A service, or pod/NAME", autocompletion=completers.services)
    ],
    program: Annotated[
        list[str] | None, typer.Argument(metavar="-- CMD...", help="The command and its arguments", show_default=False)
    ] = None,
    container: Annotated[
        str,
        typer.Option(
            "-c", "--container", metavar="NAME", help="Default: the pod's own, or the first", show_default=False
        ),
    ] = "",
    stdin: Annotated[bool, typer.Option("-i", "--stdin", help="Send it this input")] = False,
    tty: Annotated[bool, typer.Option("-t", "--tty", help="Give it this terminal; with -i")] = False,
) -> int:
    """Run a command in a container of a service: in its newest ready pod, or else in one that runs.

    Exit code: the command's own, or 1 when it could not be run.
    """
    from meshctl import access

    if not program:
        raise UsageError("no command is named", suggestion=f"meshctl exec {service} -- sh")
    wanted = access.whose(service)
    config = session.load_config(invocation)
    cluster = session.connect_to_change(invocation, config)
    place = access.find(cluster, config, wanted, container)
    invocation.terminal.notice(str(place))
    terminal = stdin and attaching.is_terminal(invocation.terminal, asked=tty)
    execution = cluster.exec(config.namespace, place.pod, place.container, program, stdin=stdin, tty=terminal)
    return attaching.attach(execution, stdin=stdin, tty=terminal)
