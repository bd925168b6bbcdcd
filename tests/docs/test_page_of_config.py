"""The reference of the project file has every key of its schema."""

from __future__ import annotations

import json
from pathlib import Path

from meshctl.config import SCHEMA

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_has_every_key() -> None:
    headings = {line.removeprefix("### ") for line in (DOCS / "config.md").read_text().splitlines()}
    schema = json.loads(SCHEMA.read_text())
    keys = [*schema["properties"], *schema["$defs"]["service"]["properties"], "istio.inject", "wait.timeout"]
    assert {f"`{key}`" for key in keys} <= headings
