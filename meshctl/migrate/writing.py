"""The migrated files on disk: all of them, or none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from meshctl.errors import GuardError, UsageError
from meshctl.migrate.project import File, Migrated

_TEMPORARY = ".meshctl-migrate"


def write_into(folder: Path, migrated: Migrated) -> list[str]:
    """Writes the whole project into a folder that has none of these files. Returns the files, relative."""
    taken = [file.target for file in migrated.files if os.path.lexists(folder / file.target)]
    if taken:
        raise UsageError(f"{', '.join(taken)} would be overwritten", suggestion="name a folder that has no project yet")
    _write(folder, migrated.files)
    return [file.target for file in migrated.files]


def write_in_place(root: Path, migrated: Migrated, *, yes: bool) -> list[str]:
    """Returns the files that were written. Raises GuardError where git could not give back what was there."""
    changed = [file for file in migrated.files if file.new != file.old or file.source != file.target]
    if not yes and (dirty := _uncommitted(root, [file.source for file in changed if file.source])):
        told = ", ".join(dirty)
        raise GuardError(f"not committed: {told}", suggestion="commit or stash first, or say --yes")
    taken = [each.target for each in changed if each.source != each.target and os.path.lexists(root / each.target)]
    if taken:
        raise UsageError(f"{', '.join(taken)} would be overwritten", suggestion="take them out of the way first")
    _write(root, changed)
    for file in changed:
        if file.source and file.source != file.target:
            (root / file.source).unlink()
    return [file.target for file in changed]


def _write(folder: Path, files: Sequence[File]) -> None:
    """First all of them beside their places, then each to its place: a full disk leaves everything as it was."""
    written: list[tuple[Path, Path]] = []
    try:
        for file in files:
            target = folder / file.target
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f"{target.name}{_TEMPORARY}")
            written.append((temporary, target))
            with temporary.open("w", encoding="utf-8", newline="") as stream:
                stream.write(file.new)
        for temporary, target in written:
            temporary.replace(target)
    except OSError as error:
        for temporary, _ in written:
            temporary.unlink(missing_ok=True)
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}") from error


def _uncommitted(root: Path, files: Sequence[str]) -> list[str]:
    """Those of the files that git would not give back; none where there is no git."""
    command = ["git", "-C", str(root), "status", "--porcelain", "--ignored", "--", *files]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return []
    return [line[3:] for line in asked.stdout.splitlines()] if asked.returncode == 0 else []
