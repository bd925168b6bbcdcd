"""Whole projects: where their files go, that the result loads and renders, and that writing is all or nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import old_project
import pytest

from meshctl import config, migrate, render
from meshctl.errors import GuardError, MeshctlError, UsageError
from meshctl.plan import whole


def generated(root: Path) -> dict[str, dict[str, object]]:
    """The bodies that gen makes, by kind and name."""
    project = config.find_project(directory=root, environment="test_env", file=None, environ={}, cwd=root)
    plan = whole(config.load(project, environ={"USER": "anna"}, cwd=root))
    bundle = render.render(plan, environ={}, cache=root / ".cache")
    return {str(manifest.ref): dict(manifest.body) for manifest in bundle}


@pytest.mark.parametrize(("configs", "templates"), [("etc", "mesh"), ("configs", "templates"), (".", ".")])
def test_every_layout_of_the_original_becomes_a_project_that_renders(
    tmp_path: Path, configs: str, templates: str
) -> None:
    migrated = migrate.migrate(old_project.write(tmp_path / "old", configs=configs, templates=templates))
    files = migrate.write_into(tmp_path / "new", migrated)
    assert files == ["configs/test_env.yaml", "templates/proxy/dm.yaml", "templates/store/istio.yaml"]
    bodies = generated(tmp_path / "new")
    assert set(bodies) == {"Deployment proxy", "VirtualService store", "Secret store"}
    deployment = bodies["Deployment proxy"]
    assert deployment["spec"]["selector"] == {"matchLabels": {"app": "proxy"}}  # type: ignore[index]
    assert "hostNetwork" not in deployment["spec"]["template"]["spec"]  # type: ignore[index]


def test_the_report_tells_every_place_in_the_original(tmp_path: Path) -> None:
    migrated = migrate.migrate(old_project.write(tmp_path))
    told = [f"{each.where}: {each.kind} {each.rule} {each.message}" for each in migrated.changes]
    for line in (
        "control.go:4:2: look M15 the original escaped what it rendered for HTML, & as &amp; and so on",
        "etc/test_env.yaml: added config allow_namespaces: istio-system",
        "etc/test_env.yaml:4:12: look config vars.hostnet is false, a boolean, and templates ask for it",
        "mesh/proxy/dm.yaml:2:13: changed M1 Deployment proxy: apps/v1beta1 is now apps/v1",
        "mesh/proxy/dm.yaml:6:14: changed template Go's template syntax is now Jinja",
        "mesh/store/istio.yaml:10:32: changed M4 percent: 10 is now percentage: {value: 10}",
        "mesh/store/istio.yaml:15:1: refused M9 rule odd was not carried over",
    ):
        assert line in told


def test_what_is_refused_stays_to_be_read(tmp_path: Path) -> None:
    migrated = migrate.migrate(old_project.write(tmp_path))
    istio = next(file.new for file in migrated.files if file.target == "templates/store/istio.yaml")
    assert "# meshctl migrate: M9: request.size > 10: only equalities can be carried over\n# apiVersion" in istio
    assert "#   match: request.size > 10\n" in istio


def test_a_template_that_go_refuses_stays_and_is_told(tmp_path: Path) -> None:
    root = old_project.write(tmp_path)
    (root / "mesh/store/dm.yaml").write_text("a: 1\nb: {{ if .x }}\n")
    migrated = migrate.migrate(root)
    assert next(file for file in migrated.files if file.source == "mesh/store/dm.yaml").new == "a: 1\nb: {{ if .x }}\n"
    (told,) = [each for each in migrated.changes if each.where.file == "mesh/store/dm.yaml"]
    assert (told.kind, told.where.line) == ("refused", 2)
    assert "Go refuses this template" in told.message


def test_macros_come_along_where_a_template_needs_them(tmp_path: Path) -> None:
    root = old_project.write(tmp_path / "old")
    (root / "etc/test_env.yaml").write_text(old_project.CONFIG.replace("  level:", "  list: [a, true]\n  level:"))
    (root / "mesh/store/config.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  all: '{{ .list }}'\n"
    )
    migrate.write_into(tmp_path / "new", migrate.migrate(root))
    assert generated(tmp_path / "new")["ConfigMap c"]["data"] == {"all": "[a true]"}


def test_plain_manifests_are_migrated_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "vs.yaml").write_text(old_project.ISTIO.replace("{{ .namespace }}", "shop"))
    migrated = migrate.migrate(tmp_path)
    assert not migrated.is_project
    assert [(file.source, file.target) for file in migrated.files] == [("vs.yaml", "vs.yaml")]
    assert "percentage: {value: 10}" in migrated.files[0].new


@pytest.mark.parametrize("files", [{}, {"a.txt": "x"}])
def test_a_folder_without_anything_is_refused(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match="neither a project file nor manifests"):
        migrate.migrate(tmp_path)
    with pytest.raises(UsageError, match="there is no folder"):
        migrate.migrate(tmp_path / "nowhere")


def test_a_config_that_is_no_yaml_is_told_with_its_place(tmp_path: Path) -> None:
    root = old_project.write(tmp_path)
    (root / "etc/other.yaml").write_text("service: [\n")
    with pytest.raises(MeshctlError) as refused:
        migrate.migrate(root)
    assert str(refused.value.where).startswith("etc/other.yaml:2")


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=anna", "-c", "user.email=anna@localhost"]
    subprocess.run(["git", "-C", root, *identity, *arguments], check=True, capture_output=True)


def test_in_place_only_what_git_can_give_back_is_overwritten(tmp_path: Path) -> None:
    root = old_project.write(tmp_path)
    git(root, "init", "-q")
    git(root, "add", ".")
    with pytest.raises(GuardError, match=r"not committed: .*mesh/proxy/dm.yaml"):
        migrate.write_in_place(root, migrate.migrate(root), yes=False)
    assert not (root / "configs").exists()
    git(root, "commit", "-qm", "old")
    (root / "notes.txt").write_text("nothing that migrate writes")
    migrate.write_in_place(root, migrate.migrate(root), yes=False)
    assert not list((root / "mesh").rglob("*.yaml"))
    assert set(generated(root)) == {"Deployment proxy", "VirtualService store", "Secret store"}


def test_a_failing_write_leaves_everything_as_it_was(tmp_path: Path) -> None:
    root = old_project.write(tmp_path)
    (root / "templates").write_text("a file where a folder should be")
    before = {path: path.read_text() for path in root.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match="cannot be written"):
        migrate.write_in_place(root, migrate.migrate(root), yes=True)
    assert {path: path.read_text() for path in root.rglob("*") if path.is_file()} == before


def test_nothing_is_written_over_in_another_folder(tmp_path: Path) -> None:
    migrated = migrate.migrate(old_project.write(tmp_path / "old"))
    (tmp_path / "new/configs").mkdir(parents=True)
    (tmp_path / "new/configs/test_env.yaml").write_text("mine")
    with pytest.raises(UsageError, match="would be overwritten"):
        migrate.write_into(tmp_path / "new", migrated)
    assert (tmp_path / "new/configs/test_env.yaml").read_text() == "mine"


def test_what_has_been_migrated_is_left_alone(tmp_path: Path) -> None:
    migrate.write_into(tmp_path / "new", migrate.migrate(old_project.write(tmp_path / "old")))
    again = migrate.migrate(tmp_path / "new")
    assert [file for file in again.files if file.new != file.old or file.source != file.target] == []
