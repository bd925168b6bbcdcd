"""Which commit the project's files are of."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_PATIENCE = 3.0  # seconds; a run does not wait for a repository that is slow to say what has changed


def git_revision(folder: Path) -> str:
    """`1f3c9a0b12de`, with `-dirty` behind it when files differ from that; empty outside of a repository."""
    git = shutil.which("git")
    if git is None:
        return ""
    command = [git, "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip() if asked.returncode == 0 else ""
