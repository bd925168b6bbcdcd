from __future__ import annotations

import os

import pytest
from calling import Meshctl, Outcome

from meshctl.cli.program import run


@pytest.fixture
def meshctl(capsys: pytest.CaptureFixture[str], plain_environment: None) -> Meshctl:  # noqa: ARG001
    """Runs meshctl in this process, where it costs nothing."""

    def call(*arguments: str) -> Outcome:
        capsys.readouterr()
        code = run(arguments)
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine that the tests run on says must not matter."""
    for name in os.environ:
        if name.startswith("MESHCTL_") or name in ("NO_COLOR", "FORCE_COLOR", "CI", "KUBECONFIG"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
