"""The help of every command as it is shown, for reviews of its wording. UPDATE_GOLDEN=1 writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from calling import Meshctl

from meshctl.cli.catalog import COMMANDS, GROUPS

GOLDEN = Path(__file__).parents[1] / "golden" / "cli"


@pytest.mark.parametrize("name", ["", *GROUPS, *COMMANDS])
def test_help(meshctl: Meshctl, name: str) -> None:
    code, out, err = meshctl(*name.split(), "--help")
    assert (code, err) == (0, "")
    file = GOLDEN / f"{name.replace(' ', '-') or 'meshctl'}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(out)
    assert out == file.read_text()
    assert max(map(len, out.splitlines())) <= (100 if name in COMMANDS else 80)
