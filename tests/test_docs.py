"""The reference of commands is written from the commands, and is current."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from meshctl.cli.catalog import COMMANDS

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_of_commands_is_current() -> None:
    ended = subprocess.run([sys.executable, DOCS / "generate.py", "--check"], check=False)
    assert ended.returncode == 0, "python docs/generate.py writes it anew"


def test_the_page_has_every_command() -> None:
    headings = {line.removeprefix("## ") for line in (DOCS / "commands.md").read_text().splitlines()}
    assert set(COMMANDS) <= headings
