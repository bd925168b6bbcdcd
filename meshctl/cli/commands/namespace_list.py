from __future__ import annotations

from meshctl.cli import session, watching
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.cli.parameters import OfProject, Watch


@as_command(
    forms=("human", "wide", "json", "yaml", "name"),
    examples="""
    meshctl namespace list
    meshctl namespace list --project shop -o wide
    meshctl namespace list -o json | jq '.namespaces[] | select(.expired)'
    """,
)
def command(invocation: Invocation, *, project: OfProject = "", watch: Watch = False) -> int:
    """List the namespaces that meshctl has made, of all projects: whose they are, how old, and when they expire.

    It needs the right to list namespaces.
    """
    from meshctl import inventory
    from meshctl.output import inventories

    config = session.load_config(invocation)
    cluster = session.connect(invocation, config)
    text_of = inventories.namespaces(invocation.output, invocation.terminal)
    return watching.show(invocation, cluster, inventory.Namespaces(project), text_of, watch=watch)
