"""What migrate would change, as a diff, and what it did, as a report."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from meshctl.output.documents import document
from meshctl.output.terminal import paint

if TYPE_CHECKING:
    from meshctl.migrate import Change, File, Migrated

_STYLES = {"changed": "green", "added": "green", "removed": "cyan", "refused": "red", "look": "yellow"}
_OF_DIFFS = {"+": "green", "-": "red", "@": "cyan"}


def machine(migrated: Migrated, form: str) -> str:
    changes = [
        {
            "rule": change.rule,
            "kind": change.kind,
            "file": change.where.file,
            "line": change.where.line,
            "column": change.where.column,
            "message": change.message,
            "why": change.why,
        }
        for change in migrated.changes
    ]
    files = [
        {"from": file.source, "to": file.target, "changed": file.new != file.old or file.source != file.target}
        for file in migrated.files
    ]
    return document(form, {"changes": changes, "files": files})


def diff(migrated: Migrated, *, colored: bool) -> str:
    """One unified diff of all files that change; `patch -p1` takes it."""
    return "".join(line for file in migrated.files for line in _diff(file, colored=colored))


def _diff(file: File, *, colored: bool) -> Iterator[str]:
    old, new = file.old.splitlines(keepends=True), file.new.splitlines(keepends=True)
    before = f"a/{file.source}" if file.source else "/dev/null"
    if file.source and file.source != file.target and old == new:
        yield paint(f"rename from {file.source}\nrename to {file.target}\n", "bold", colored=colored)
    for line in difflib.unified_diff(old, new, before, f"b/{file.target}"):
        ended = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        style = "bold" if line.startswith(("---", "+++")) else _OF_DIFFS.get(line[0], "")
        yield paint(ended.removesuffix("\n"), style, colored=colored) + "\n" if style else ended


def report(migrated: Migrated, *, colored: bool) -> str:
    return "\n".join(_told(change, colored=colored) for change in migrated.changes)


def _told(change: Change, *, colored: bool) -> str:
    kind = paint(change.kind, _STYLES[change.kind], colored=colored)
    return f"{change.where}: {kind} [{change.rule}] {change.message}" + (f"; {change.why}" if change.why else "")


def total(migrated: Migrated) -> str:
    kinds = Counter(change.kind for change in migrated.changes)
    words = {"changed": "changed", "added": "added", "removed": "removed", "refused": "refused", "look": "to look at"}
    told = ", ".join(f"{kinds[kind]} {word}" for kind, word in words.items() if kinds[kind])  # type: ignore[index]
    return told or "nothing to change"
