from __future__ import annotations

import sys

from meshctl import __version__
from meshctl.cli.command import command as as_command
from meshctl.cli.invocation import Invocation
from meshctl.output.documents import document


@as_command(
    forms=("human", "json"),
    examples="""
    meshctl version
    meshctl version -o json
    """,
)
def command(invocation: Invocation) -> None:
    """Print the version of meshctl and of its Python. Asks no cluster."""
    python = ".".join(str(number) for number in sys.version_info[:3])
    if invocation.output == "json":
        invocation.terminal.result(document("json", {"version": __version__, "python": python}))
    else:
        invocation.terminal.result(f"meshctl {__version__} (Python {python})")
