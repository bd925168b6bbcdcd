"""The runs of a namespace, as a table and in detail."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from meshctl.output import wording
from meshctl.output.documents import document
from meshctl.output.runs.plain import counted
from meshctl.output.tables import Column, table
from meshctl.output.terminal import Terminal

if TYPE_CHECKING:
    from meshctl.history import Entry
    from meshctl.manifest import Bundle

_STYLES = {"done": ("green",), "failed": ("red", "bold"), "interrupted": ("yellow",)}
_COLUMNS = (
    Column("REVISION"),
    Column("AGE"),
    Column("ACTION"),
    Column("RESULT", style=lambda result: _STYLES.get(result, ())),
    Column("SERVICES"),
    Column("BY"),
    Column("GIT", wide=True),
    Column("VERSION", wide=True),
    Column("COUNTS", wide=True),
    Column("COMMAND"),
)
_FEW = 3
"""So many services are named in the table; of more, the number is told."""


def listed(entries: Sequence[Entry], form: str, terminal: Terminal) -> str:
    """The newest first."""
    if form in ("json", "yaml"):
        return document(form, {"runs": [entry.record() for entry in entries]})
    width = terminal.width if terminal.live and form != "wide" else 0
    rows = [_cells(entry) for entry in entries]
    return table(_COLUMNS, rows, wide=form == "wide", width=width, paint=terminal.paint)


def shown(entry: Entry, bundle: Bundle | None, form: str) -> str:
    """One run; `bundle` is what it applied, None where that was not kept."""
    if form in ("json", "yaml"):
        services = bundle.services.items() if bundle else ()
        manifests: dict[str, Any] = {name: [each.body for each in bodies] for name, bodies in services}
        return document(form, {"run": entry.record(), "manifests": manifests})
    return "\n".join([*_facts(entry), *_objects(bundle)])


def _cells(entry: Entry) -> list[str]:
    named = len(entry.services) <= _FEW
    services = ",".join(entry.services) if named else wording.count(len(entry.services), "service")
    age, counts = wording.age(_seconds_since(entry.time)), counted(entry.counts)
    return [
        str(entry.revision), age, entry.action, entry.result, services, entry.user, entry.git, entry.version, counts,
        wording.one_line(entry.command),
    ]  # fmt: skip


def _facts(entry: Entry) -> Iterable[str]:
    facts = {
        "Revision": str(entry.revision),
        "Time": f"{entry.time} ({wording.age(_seconds_since(entry.time))} ago)",
        "By": f"{entry.user} at {entry.host}",
        "Command": entry.command,
        "Result": f"{entry.result} in {wording.seconds(entry.seconds)}, exit code {entry.exit}",
        "Counts": counted(entry.counts),
        "Commit": entry.git,
        "Version": entry.version,
        "Services": ", ".join(entry.services),
    }
    return (f"{title + ':':<10} {wording.one_line(fact) or '<none>'}" for title, fact in facts.items())


def _objects(bundle: Bundle | None) -> Iterable[str]:
    if bundle is None:
        yield "Objects:   not kept, so there is no rollback to this run"
        return
    yield "Objects:"
    for manifest in bundle:
        yield f"  {manifest.service}  {wording.resource(manifest.ref)}"


def _seconds_since(moment: str) -> int:
    return max(0, int(time.time() - datetime.fromisoformat(moment).timestamp())) if moment else 0
