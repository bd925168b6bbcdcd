"""`meshctl init`: a project that starts at once."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from meshctl import scaffold, yamlio
from meshctl.errors import UsageError

ROOT = Path(__file__).parents[1]


def test_a_new_project_has_all_that_it_needs(tmp_path: Path) -> None:
    created = [file.as_posix() for file in scaffold.create(tmp_path / "shop")]
    macros = [f"templates/_lib/{file.name}" for file in (ROOT / "templates/_lib").glob("*.j2")]
    assert sorted(created) == sorted(
        [
            *(".github/workflows/meshctl.yaml", ".gitignore", ".meshctl/config.schema.json", "README.md"),
            *("configs/dev.yaml", "templates/database/database.yaml", "templates/web/web.yaml"),
            *macros,
        ]
    )
    assert all((tmp_path / "shop" / file).is_file() for file in created)


def test_the_project_is_called_as_asked_or_as_its_folder(tmp_path: Path) -> None:
    scaffold.create(tmp_path / "My Shop")
    scaffold.create(tmp_path / "other", "Market Place")
    names = [
        yamlio.load((tmp_path / folder / "configs/dev.yaml").read_text(), "").value["project"]
        for folder in ("My Shop", "other")
    ]
    assert names == ["my-shop", "market-place"]


def test_the_editor_finds_the_schema(tmp_path: Path) -> None:
    scaffold.create(tmp_path)
    first, _, _ = (tmp_path / "configs/dev.yaml").read_text().partition("\n")
    schema = re.fullmatch(r"# yaml-language-server: \$schema=(.+)", first)
    assert schema
    assert (tmp_path / "configs" / schema[1]).is_file()


def test_what_is_there_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/dev.yaml").write_text("mine")
    (tmp_path / "templates/_lib").mkdir(parents=True)
    (tmp_path / "templates/_lib/mesh.j2").symlink_to("nowhere")
    with pytest.raises(UsageError, match=r"configs/dev\.yaml, templates/_lib/mesh\.j2 would be overwritten"):
        scaffold.create(tmp_path)
    assert not (tmp_path / "templates/web").exists()
    assert (tmp_path / "configs/dev.yaml").read_text() == "mine"


def test_a_repository_keeps_its_readme_and_gitignore(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    created = scaffold.create(tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"
    assert Path("README.md") not in created
    assert Path(".gitignore") in created


def test_a_folder_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "configs").write_text("a file, not a folder")
    with pytest.raises(UsageError, match="cannot be written"):
        scaffold.create(tmp_path)


def test_what_its_pipeline_runs_works(tmp_path: Path, sandbox_kubeconfig: Path, unused_namespace: str) -> None:
    """All but the sandbox of its own: the tests have one."""
    scaffold.create(tmp_path)
    pipeline = yamlio.load((tmp_path / ".github/workflows/meshctl.yaml").read_text(), "meshctl.yaml").value
    steps = [shlex.split(step["run"]) for step in pipeline["jobs"]["start"]["steps"] if "run" in step]
    commands = [step[1:] for step in steps if step[0] == "meshctl" and step[1] != "sandbox"]
    environment = os.environ | {"KUBECONFIG": str(sandbox_kubeconfig), "MESHCTL_NAMESPACE": unused_namespace}
    assert [command[0] for command in commands] == ["check", "gen", "gen", "start", "diff", "stop"]
    for command in commands:
        finished = subprocess.run(
            [sys.executable, "-m", "meshctl", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, f"{command}: {finished.stderr}"
