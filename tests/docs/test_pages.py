"""The pages that are written from the code are current, and have everything."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from meshctl.check import all_rules
from meshctl.cli.catalog import COMMANDS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_pages_are_current() -> None:
    ended = subprocess.run(
        [sys.executable, DOCS / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"python docs/generate.py writes them anew: {ended.stdout}{ended.stderr}"


def test_the_page_has_every_command() -> None:
    headings = {line.removeprefix("## ") for line in (DOCS / "commands.md").read_text().splitlines()}
    assert set(COMMANDS) <= headings


def test_every_code_that_the_source_names_has_a_page() -> None:
    source = (file.read_text("utf-8") for file in (DOCS.parent / "meshctl").rglob("*.py"))
    named = {code for text in source for code in re.findall(r'"(MSH\d{3})"', text)} - {"MSH200"}
    pages = {rule.code for rule in all_rules()}
    assert named <= pages
    headings = {line.removeprefix("## ") for line in (DOCS / "findings.md").read_text().splitlines()}
    assert pages <= headings
