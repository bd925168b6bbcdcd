from __future__ import annotations

from typing import TYPE_CHECKING

from meshctl.cli import session, watching
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import ServiceLabels, Watch

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("human", "wide", "json", "yaml", "name"),
    selects="named",
    examples="""
    meshctl services
    meshctl services -g trade -w
    meshctl services -l app=web,version!=v1
    meshctl services web -o json
    """,
)
def command(invocation: Invocation, chosen: Selection, *, selector: ServiceLabels = "", watch: Watch = False) -> int:
    """List the Kubernetes Services of services, and how many endpoints of each are ready."""
    from meshctl import inventory
    from meshctl.manifest import label_selector
    from meshctl.output import inventories

    labels = label_selector(selector)
    found = session.reach(invocation, chosen)
    scope = inventory.Scope(found.config.project, found.config.namespace, found.plan.services, labels)
    text_of = inventories.services(invocation.output, invocation.terminal)
    return watching.show(invocation, found.cluster, inventory.Services(scope), text_of, watch=watch)
