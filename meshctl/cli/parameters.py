"""Options that several commands have, declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from meshctl.cli.invocation import Invocation
from meshctl.errors import UsageError

Timeout = Annotated[str, typer.Option("--timeout", metavar="DURATION", help="How long each service may take: 90s, 5m")]
Watch = Annotated[bool, typer.Option("-w", "--watch", help="Go on and show what changes, until Ctrl-C")]
PodLabels = Annotated[
    str, typer.Option("-l", "--selector", metavar="LABELS", help="Only pods with these labels: app=web,tier!=test")
]
ServiceLabels = Annotated[
    str,
    typer.Option("-l", "--selector", metavar="LABELS", help="Only Kubernetes Services with these labels: app=web"),
]
DryRun = Annotated[
    Literal["none", "client", "server"],
    typer.Option("--dry-run", metavar="HOW", help="client: nothing is sent; server: nothing is stored"),
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until ready; --no-wait keeps the order")]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Begin nothing more after a failure")]
Concurrency = Annotated[int, typer.Option("--concurrency", metavar="N", min=1, help="Requests at a time")]
ForceConflicts = Annotated[bool, typer.Option("--force-conflicts", help="Take fields that other managers own")]
TakeOwnership = Annotated[bool, typer.Option("--take-ownership", help="Take over objects that carry another's labels")]
Replace = Annotated[bool, typer.Option("--replace", help="Delete and make again what has a field that cannot change")]
Prune = Annotated[bool, typer.Option("--prune/--no-prune", help="Delete what has left the templates, but no data")]
Images = Annotated[
    list[str] | None,
    typer.Option("--image", metavar="SERVICE[/CONTAINER]=REF", help="Another image, for this run; repeatable"),
]
ToFolder = Annotated[
    Path | None, typer.Option("--output", metavar="DIR", help="Write the project there", show_default=False)
]
Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORM,...",
        help="Also leave a report: junit=FILE, github (annotations and step summary)",
        show_default=False,
    ),
]
OfProject = Annotated[
    str, typer.Option("--project", metavar="NAME", help="Those of this project alone", show_default=False)
]
SandboxName = Annotated[str, typer.Option("--name", metavar="NAME", help="Which sandbox")]


def seconds(option: str, text: str) -> float:
    """A Go duration. Raises UsageError."""
    from meshctl.config import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def folder_of(invocation: Invocation, folder: Path | None) -> Path | None:
    """The folder of a command whose `--output` is one. Raises UsageError for the name of a form, never meant here."""
    if folder is not None and str(folder) in ("human", "name", "json", "yaml"):
        advice = f"-o {folder} is the form of the output; for a folder of that name write ./{folder}"
        raise UsageError(f"{invocation.program}: --output names a folder here", suggestion=advice)
    return folder
