"""import and migrate, as their users type them."""

from __future__ import annotations

import io
import json
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
    monkeypatch.setattr("sys.stdin", io.StringIO(MANIFEST))
    told = json.loads(meshctl("import", "-", "-C", str(tmp_path), "-o", "json").out)
    assert {service["name"]: len(service["objects"]) for service in told["services"]} == {"web": 2}
    assert (told["meshctl"], told["needs"], told["vars"]) == (1, [], {})
    assert str(tmp_path / "configs/dev.yaml") in told["files"]


def test_output_is_a_folder_and_never_a_form(meshctl: Meshctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = meshctl("import", "all.yaml", "--output", "json")
    assert code == 2
    assert "-o json is the form of the output" in out + err
