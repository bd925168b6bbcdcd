from __future__ import annotations

from typing import TYPE_CHECKING

from meshctl.cli import session, watching
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import PodLabels, Watch

if TYPE_CHECKING:
    from meshctl.plan import Selection


@as_command(
    forms=("human", "wide", "json", "yaml", "name"),
    selects="named",
    examples="""
    meshctl pods
    meshctl pods -g trade -w
    meshctl pods -l app=web,version!=v1
    meshctl pods web -o json
    """,
)
def command(invocation: Invocation, chosen: Selection, *, selector: PodLabels = "", watch: Watch = False) -> int:
    """List the pods of services: their state as kubectl words it, restarts, age."""
    from meshctl import inventory
    from meshctl.manifest import label_selector
    from meshctl.output import inventories

    labels = label_selector(selector)
    found = session.reach(invocation, chosen)
    scope = inventory.Scope(found.config.project, found.config.namespace, found.plan.services, labels)
    text_of = inventories.pods(invocation.output, invocation.terminal)
    return watching.show(invocation, found.cluster, inventory.Pods(scope), text_of, watch=watch)
