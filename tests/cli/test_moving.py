"""import and migrate, as their users type them."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest
from calling import Meshctl

MANIFEST = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.local/web:1"}]}
"""


def test_import_makes_a_project_that_works_at_once(
    meshctl: Meshctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "all.yaml").write_text(MANIFEST)
    code, out, err = meshctl("import", "all.yaml", "--output", "shop")
    assert code == 0
    assert out.splitlines() == ["SERVICE   OBJECTS   NEEDS", "web       2         <none>"]
    assert err.endswith("Next: cd shop && meshctl check && meshctl start\n")
    assert meshctl("gen", "--all", "--stdout", "-C", "shop").out.count("kind: ") == 2
    code, _, err = meshctl("import", "all.yaml", "-C", "shop")
    assert code == 2
    assert "configs/dev.yaml, templates/web/deployment.yaml, templates/web/service.yaml would be overwritten" in err


def test_import_reads_standard_input_and_tells_machines_everything(
    meshctl: Meshctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MANIFEST.encode())))
    told = json.loads(meshctl("import", "-", "-C", str(tmp_path), "-o", "json").out)
    assert {service["name"]: len(service["objects"]) for service in told["services"]} == {"web": 2}
    assert (told["meshctl"], told["needs"], told["vars"]) == (1, [], {})
    assert str(tmp_path / "configs/dev.yaml") in told["files"]


def test_output_is_a_folder_and_never_a_form(meshctl: Meshctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = meshctl("import", "all.yaml", "--output", "json")
    assert code == 2
    assert "-o json is the form of the output" in out + err


OLD = """\
apiVersion: apps/v1beta1
kind: Deployment
metadata: {name: web}
spec:
  replicas: {{ .replicas }}
  template: {metadata: {labels: {app: web, version: v1}}}
"""


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/dev.yaml").write_text("vars:\n  namespace: anna\n  replicas: 2\nservice:\n- web\n")
    (tmp_path / "templates/web").mkdir(parents=True)
    (tmp_path / "templates/web/dm.yaml").write_text(OLD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_migrate_shows_a_diff_that_patch_takes_and_writes_nothing(meshctl: Meshctl, old: Path) -> None:
    code, out, err = meshctl("migrate", ".")
    assert code == 0
    assert "-apiVersion: apps/v1beta1\n+apiVersion: apps/v1\n" in out
    assert "templates/web/dm.yaml:1:13: changed [M1] Deployment web: apps/v1beta1 is now apps/v1" in out
    assert err == "2 changed, 1 added\n"
    assert (old / "templates/web/dm.yaml").read_text() == OLD
    subprocess.run(["patch", "-p1", "-s"], input=out, text=True, check=True, cwd=old)
    patched = (old / "templates/web/dm.yaml").read_text()
    (old / "templates/web/dm.yaml").write_text(OLD)
    assert meshctl("migrate", ".", "--write").code == 0
    assert (old / "templates/web/dm.yaml").read_text() == patched
    assert "replicas: 2" in meshctl("gen", "--all", "--stdout").out
    assert meshctl("migrate", ".").err == "nothing to change\n"


@pytest.mark.usefixtures("old")
def test_migrate_tells_machines_everything(meshctl: Meshctl) -> None:
    told = json.loads(meshctl("migrate", ".", "-o", "json").out)
    assert json.loads(meshctl("--output", "json", "migrate", ".").out) == told
    assert told["meshctl"] == 1
    assert told["files"][1] == {"from": "templates/web/dm.yaml", "to": "templates/web/dm.yaml", "changed": True}
    assert told["changes"][0] == {
        "rule": "M1",
        "kind": "changed",
        "file": "templates/web/dm.yaml",
        "line": 1,
        "column": 13,
        "message": "Deployment web: apps/v1beta1 is now apps/v1",
        "why": "it is served no more",
    }


@pytest.mark.usefixtures("old")
def test_migrate_writes_to_one_place(meshctl: Meshctl) -> None:
    assert "exclude each other" in meshctl("migrate", ".", "--write", "--output", "new").err
    code, _, err = meshctl("migrate", ".", "--output", "new")
    assert code == 0
    assert err.endswith("Next: meshctl -C new check\n")
    assert "replicas: 2" in meshctl("gen", "--all", "--stdout", "-C", "new").out
