"""What gen wrote, or would write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from meshctl.output import wording
from meshctl.output.documents import document, names

if TYPE_CHECKING:
    from meshctl.render import Changes


def changes(found: Changes, folder: Path, form: str, *, checked: bool) -> str:
    """Each file that was created, updated or removed, or would be; those that stay are told to machines alone."""
    kinds = {"created": found.created, "updated": found.updated, "removed": found.removed}
    if form in ("json", "yaml"):
        unchanged = [_shown(folder, file) for file in found.unchanged]
        listed = {kind: [_shown(folder, file) for file in files] for kind, files in kinds.items()}
        return document(form, {**listed, "unchanged": unchanged})
    if form == "name":
        return names(_shown(folder, file) for files in kinds.values() for file in files)
    return "\n".join(f"{_told(kind, checked)} {_shown(folder, file)}" for kind in kinds for file in kinds[kind])


def total(found: Changes, folder: Path) -> str:
    kept = len(found.created) + len(found.updated) + len(found.unchanged)
    parts = ("created", "updated", "unchanged", "removed")
    told = ", ".join(f"{len(getattr(found, part))} {part}" for part in parts if getattr(found, part))
    return f"{wording.count(kept, 'file')} in {_shown(folder, '')}" + (f": {told}" if told else "")


_WOULD = {"created": "missing", "updated": "out of date", "removed": "surplus"}


def _told(kind: str, checked: bool) -> str:
    return f"{_WOULD[kind]}:" if checked else kind


def _shown(folder: Path, file: str) -> str:
    """Relative to where one is when it is below that."""
    path = str(folder / file)
    near = os.path.relpath(path)
    return path if near.startswith(os.pardir) else near
