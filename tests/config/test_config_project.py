"""Which project, which environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from meshctl.config import Project, environments, find_project
from meshctl.errors import UsageError


def find(
    cwd: Path,
    *,
    directory: str | None = None,
    environment: str | None = None,
    file: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Project:
    return find_project(
        directory=Path(directory) if directory else None,
        environment=environment,
        file=Path(file) if file else None,
        environ=environ or {},
        cwd=cwd,
    )


def write(project: Path, *names: str) -> None:
    for name in names:
        (project / "configs" / name).write_text("service: []\n")


def test_environments_are_the_files_of_configs_but_local_ones(project: Path) -> None:
    write(project, "dev.yaml", "staging.yaml", "dev.local.yaml", "notes.txt")
    (project / "configs" / "old.yaml").mkdir()
    assert environments(project) == ["dev", "staging"]
    assert environments(project / "nowhere") == []


def test_the_root_is_the_nearest_folder_upwards_with_configs(project: Path) -> None:
    write(project, "dev.yaml")
    deep = project / "a" / "b"
    deep.mkdir(parents=True)
    assert find(deep) == Project(project, project / "configs/dev.yaml", "dev")


def test_directory_is_the_root_itself(project: Path) -> None:
    write(project, "dev.yaml")
    assert find(project.parent, directory="shop").root == project
    with pytest.raises(UsageError, match=r"^there is no folder nowhere$"):
        find(project, directory="nowhere")


def test_the_option_comes_before_the_variable_before_dev_before_the_only_one(project: Path) -> None:
    write(project, "prod.yaml", "prod.local.yaml")
    assert find(project).environment == "prod"
    write(project, "dev.yaml")
    assert find(project).environment == "dev"
    write(project, "staging.yaml")
    assert find(project, environ={"MESHCTL_ENV": "staging"}).environment == "staging"
    assert find(project, environ={"MESHCTL_ENV": "staging"}, environment="prod").environment == "prod"


def test_without_dev_several_environments_are_a_question(project: Path) -> None:
    write(project, "prod.yaml", "staging.yaml")
    with pytest.raises(UsageError, match=r"^which environment: prod, staging\? \(name one with -e\)$"):
        find(project)


@pytest.mark.parametrize("name", ["stagng", "../configs/staging", "staging.local", "/etc/passwd"])
def test_an_environment_that_is_not_there_is_refused_with_those_that_are(project: Path, name: str) -> None:
    write(project, "dev.yaml", "staging.yaml", "staging.local.yaml")
    with pytest.raises(UsageError) as caught:
        find(project, environment=name)
    assert caught.value.message == f"there is no environment {name}: {project}/configs has dev, staging"


def test_the_nearest_environment_is_suggested(project: Path) -> None:
    write(project, "dev.yaml", "staging.yaml")
    with pytest.raises(UsageError) as caught:
        find(project, environment="stagng")
    assert caught.value.suggestion == "did you mean staging?"


def test_a_folder_without_configs_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no configs/\*\.yaml \(meshctl init makes a project\)$"):
        find(tmp_path)


def test_a_named_file_is_relative_to_the_current_folder_and_has_no_environment(project: Path) -> None:
    write(project, "dev.yaml")
    (project / "other.yaml").write_text("service: []\n")
    assert find(project / "configs", file="../other.yaml") == Project(project, project / "other.yaml", "")
    with pytest.raises(UsageError, match=r"there is no file .*/othr\.yaml \(did you mean other\.yaml\?\)$"):
        find(project, file="othr.yaml")
    with pytest.raises(UsageError, match="exclude each other"):
        find(project, file="other.yaml", environment="dev")
