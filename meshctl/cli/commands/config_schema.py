from __future__ import annotations

from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation


@as_command(
    forms=("json", "yaml"),
    examples="""
    meshctl config schema > .meshctl/config.schema.json
    meshctl config schema -o yaml
    """,
)
def command(invocation: Invocation) -> None:
    """Print the JSON Schema (2020-12) of the project file, for editors and other tools. Needs no project.

    An editor takes it from the first line of a project file, as `meshctl init` writes it:

    # yaml-language-server: $schema=../.meshctl/config.schema.json
    """
    from meshctl import yamlio
    from meshctl.config import SCHEMA
    from meshctl.config.schema import schema

    text = SCHEMA.read_text("utf-8") if invocation.output == "json" else yamlio.dump(dict(schema()))
    invocation.terminal.result(text)
