"""The reference of the project file is written from its schema, and is current."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from meshctl.config import SCHEMA

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_of_the_project_file_is_current() -> None:
    ended = subprocess.run([sys.executable, DOCS / "generate_config.py", "--check"], check=False)
    assert ended.returncode == 0, "python docs/generate_config.py writes it anew"


def test_the_page_has_every_key() -> None:
    headings = {line.removeprefix("### ") for line in (DOCS / "config.md").read_text().splitlines()}
    schema = json.loads(SCHEMA.read_text())
    keys = [*schema["properties"], *schema["$defs"]["service"]["properties"], "istio.inject", "wait.timeout"]
    assert {f"`{key}`" for key in keys} <= headings
