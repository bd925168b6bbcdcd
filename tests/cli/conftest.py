from __future__ import annotations

import os
from pathlib import Path

import pytest
from calling import OF_A_DEPLOYMENT, TWO_SERVICES, Meshctl, Outcome, write_project

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


@pytest.fixture
def on_cluster(
    meshctl: Meshctl, tmp_path: Path, sandbox_kubeconfig: Path, unused_namespace: str, monkeypatch: pytest.MonkeyPatch
) -> Meshctl:
    """meshctl in a project of two services, in a namespace that is not there yet."""
    write_project(tmp_path, TWO_SERVICES, services=("cache", "web"))
    for name in ("cache", "web"):
        (tmp_path / "templates" / name / "config.yaml.j2").write_text(OF_A_DEPLOYMENT)
    monkeypatch.chdir(tmp_path)
    options = ("--kubeconfig", str(sandbox_kubeconfig), "-n", unused_namespace)
    return lambda *arguments: meshctl(*options, *arguments)
