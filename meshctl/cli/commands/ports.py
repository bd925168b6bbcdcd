from __future__ import annotations

from typing import TYPE_CHECKING

from meshctl.cli import session, watching
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import Watch

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("human", "wide", "json", "yaml", "name"),
    selects="named",
    examples="""
    meshctl ports
    meshctl ports -g trade -w
    meshctl ports web -o json
    """,
)
def command(invocation: Invocation, chosen: Selection, *, watch: Watch = False) -> int:
    """List the service and node ports of services, and the command that forwards each to this machine."""
    from meshctl import inventory
    from meshctl.output import inventories

    found = session.reach(invocation, chosen)
    scope = inventory.Scope(found.config.project, found.config.namespace, found.plan.services)
    text_of = inventories.ports(invocation.output, invocation.terminal)
    return watching.show(invocation, found.cluster, inventory.Ports(scope), text_of, watch=watch)
