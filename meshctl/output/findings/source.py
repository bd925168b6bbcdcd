"""Lines of the files that findings are in."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from meshctl.errors import Where


class Sources:
    """Files below the project's root, each read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lines = cache(self._read)

    def line(self, where: Where) -> str:
        """The text of a line; empty where there is none, as of a value from the command line."""
        lines = self._lines(where.file)
        return lines[where.line - 1] if 0 < where.line <= len(lines) else ""

    def _read(self, file: str) -> list[str]:
        try:
            return (self._root / file).read_text("utf-8").splitlines()
        except (OSError, ValueError):
            return []
