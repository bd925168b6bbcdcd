#!/usr/bin/env python3
"""Writes the pages of docs/ that come from the code; `--check` writes nothing and names those that are out of date.

python docs/generate.py
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from pages import commands, config, findings, library

DOCS = Path(__file__).parent
PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands.page,
    "config.md": config.page,
    "findings.md": findings.page,
    "library.md": library.page,
}


def main(arguments: list[str]) -> int:
    wanted = {DOCS / name: page() for name, page in PAGES.items()}
    stale = [file for file, text in wanted.items() if not file.exists() or file.read_text("utf-8") != text]
    if arguments == ["--check"]:
        print("\n".join(file.name for file in stale))
        return 1 if stale else 0
    for file in stale:
        file.write_text(wanted[file], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
