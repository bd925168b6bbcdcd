from __future__ import annotations

from meshctl.cli import session
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation


@as_command(
    forms=("yaml", "json"),
    examples="""
    meshctl config view
    meshctl config view -e staging --set vars.tag=v2
    meshctl config view -o json | jq .vars
    """,
)
def command(invocation: Invocation) -> None:
    """Show the config that is in force: all layers merged, all variables resolved. Asks no cluster.

    As YAML it is a project file again.
    """
    from meshctl import yamlio
    from meshctl.output.documents import document

    effective = dict(session.load_config(invocation).effective)
    invocation.terminal.result(document("json", effective) if invocation.output == "json" else yamlio.dump(effective))
