from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from meshctl.cli import completers, running, session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation

if TYPE_CHECKING:
    from meshctl.access import Note


@as_command(
    examples="""
    meshctl port-forward web                         # all ports of its Services
    meshctl port-forward web:8080:80 postgres:5432   # several at once
    meshctl port-forward web::http                   # a port by name, to any free one here
    """,
)
def command(
    invocation: Invocation,
    *,
    forwards: Annotated[
        list[str],
        typer.Argument(
            metavar="SERVICE[:[LOCAL:]REMOTE]...",
            help="A service, or pod/NAME; REMOTE is a port's number or name; LOCAL 0 or empty: any free one",
            autocompletion=completers.services,
        ),
    ],
    address: Annotated[
        list[str] | None,
        typer.Option("--address", metavar="IP", help="Listen there; commas; default: 127.0.0.1", show_default=False),
    ] = None,
) -> int:
    """Make ports of this machine lead into services, until Ctrl-C.

    A ready pod is chosen, and another one when it ends. With no port named, all ports of the service's Services are
    forwarded, those below 1024 from 8000 more.
    """
    from meshctl import access
    from meshctl.output import forwards as told

    wishes = [access.wish(text) for text in forwards]
    addresses = [part for each in address or (access.LOCALHOST,) for part in each.split(",") if part]
    config = session.load_config(invocation)
    cluster = session.connect(invocation, config)

    def show(note: Note) -> None:
        if isinstance(note, access.Opened):
            invocation.terminal.result(told.opened(note))
            invocation.terminal.stdout.flush()
        elif isinstance(note, access.Moved):
            invocation.terminal.notice(told.moved(note))
        else:
            invocation.terminal.error(told.refused(note))

    return running.until_interrupted(
        lambda interrupt: access.forward(cluster, config, wishes, addresses, interrupt), show, tidy=lambda: None
    )
