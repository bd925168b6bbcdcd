from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from meshctl.cli import session, watching
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import ServiceLabels, Watch

if TYPE_CHECKING:
    from meshctl.cluster import Target
    from meshctl.plan import Selection


@as_command(
    forms=("human", "wide", "json", "yaml", "name"),
    selects="named",
    examples="""
    meshctl ports
    meshctl ports -g trade -w
    meshctl ports -l app=web,version!=v1
    meshctl ports web -o json
    """,
)
def command(invocation: Invocation, chosen: Selection, *, selector: ServiceLabels = "", watch: Watch = False) -> int:
    """List the service and node ports of services, and the command that forwards each to this machine."""
    from meshctl import inventory
    from meshctl.manifest import label_selector
    from meshctl.output import inventories

    labels = label_selector(selector)
    found = session.reach(invocation, chosen)
    scope = inventory.Scope(found.config.project, found.config.namespace, found.plan.services, labels)
    text_of = inventories.ports(invocation.output, invocation.terminal)
    return watching.show(
        invocation, found.cluster, inventory.Ports(scope, _kubectl(found.cluster.target)), text_of, watch=watch
    )


def _kubectl(target: Target) -> str:
    """How to call kubectl so that it talks to the same cluster: where it would look by itself, nothing is said."""
    own = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    parts = ["kubectl"]
    if target.kubeconfig and target.kubeconfig != own:
        parts += ["--kubeconfig", target.kubeconfig]
    if target.kubeconfig:
        parts += ["--context", target.context]
    return shlex.join(parts)
