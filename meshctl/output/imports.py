"""What import made, and what to look at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from meshctl.output import wording
from meshctl.output.documents import document, names
from meshctl.output.tables import Column, table

if TYPE_CHECKING:
    from meshctl.importing import Imported


def result(made: Imported, written: Sequence[str], form: str, *, width: int) -> str:
    """`width` is that of a terminal, else 0."""
    if form == "name":
        return names(written)
    if form in ("json", "yaml"):
        return document(form, _body(made, written))
    needed = {name: ",".join(need.other for need in made.needs if need.service == name) for name in made.services}
    rows = [(name, str(len(sources)), needed[name]) for name, sources in made.services.items()]
    return table([Column("SERVICE"), Column("OBJECTS"), Column("NEEDS")], rows, width=width)


def _body(made: Imported, written: Sequence[str]) -> dict[str, object]:
    return {
        "services": [
            {"name": name, "objects": [source.ref.as_dict() for source in sources]}
            for name, sources in sorted(made.services.items())
        ],
        "needs": [
            {"service": need.service, "needs": need.other, "evidence": need.evidence, "kept": kept}
            for kept, each in ((True, made.needs), (False, made.left_out))
            for need in each
        ],
        "vars": dict(made.vars),
        "notes": [
            {"message": note.message, "where": str(note.where or ""), "suggestion": note.suggestion}
            for note in made.notes
        ],
        "files": list(written),
    }


def notice(made: Imported, folder: Path, program: str) -> str:
    """What is worth a look, then what to do next."""
    lines = []
    for note in made.notes:
        place = f"{note.where}: " if note.where else ""
        lines.append(f"  {place}{note.message}" + (f"; {note.suggestion}" if note.suggestion else ""))
    if lines:
        lines.insert(0, "To look at:")
    objects = sum(map(len, made.services.values()))
    services = sum(1 for name in made.services if not name.startswith("_"))
    enter = "" if folder == Path() else f"cd {folder} && "
    lifted = f", {wording.count(len(made.vars), 'var')}" if made.vars else ""
    lines.append(
        f"{wording.count(services, 'service')} of {wording.count(objects, 'object')}{lifted}; comments are not kept. "
        f"Next: {enter}{program} check && {program} start"
    )
    return "\n".join(lines)
