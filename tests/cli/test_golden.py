"""check --golden: what is rendered against what is stored."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from calling import Meshctl, write_project

CONFIG = """\
project: shop
namespace: "dev-{{ user }}"
secrets: [password]
vars: {tag: v1, password: "{{ env.PASSWORD | default('first') }}"}
service: [web]
"""
TEMPLATE = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: main, image: "web:{{ tag }}", envFrom: [{secretRef: {name: web}}]}]}
---
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {password: "{{ password }}"}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_project(tmp_path, CONFIG, services=("web",))
    for file in (tmp_path / "templates" / "web").iterdir():
        file.unlink()
    (tmp_path / "templates" / "web" / "web.yaml").write_text(TEMPLATE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_is_stored_is_the_same_for_everybody(
    meshctl: Meshctl, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = meshctl("check", "--golden", "-o", "json")
    assert (missing.code, json.loads(missing.out)["created"]) == (4, ["golden/dev/web/web.yaml"])
    assert meshctl("check", "--golden", "--update").code == 0
    stored = (project / "golden/dev/web/web.yaml").read_text()
    assert "namespace: dev-golden" in stored
    assert 'password: "***"' in stored
    monkeypatch.setenv("LOGNAME", "bob")
    monkeypatch.setenv("PASSWORD", "second")
    assert meshctl("check", "--golden") == (0, "", "")


def test_a_difference_is_shown_and_can_be_stored(meshctl: Meshctl, project: Path) -> None:
    meshctl("check", "--golden", "--update")
    code, out, err = meshctl("check", "--golden", "--set", "vars.tag=v2")
    assert code == 4
    assert [line for line in out.splitlines() if line[:1] in "+-"] == [
        "--- golden/dev/web/web.yaml (stored)",
        "+++ golden/dev/web/web.yaml (rendered)",
        "-    image: web:v1",
        "+    image: web:v2",
    ]
    assert "meshctl check --golden --update" in err
    assert meshctl("check", "--golden", "--update", "--set", "vars.tag=v2").out == "updated golden/dev/web/web.yaml\n"
    assert "web:v2" in (project / "golden/dev/web/web.yaml").read_text()


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("options", [["--update"], ["--golden", "-o", "sarif"]])
def test_what_makes_no_sense_is_refused(meshctl: Meshctl, options: list[str]) -> None:
    assert meshctl("check", *options).code == 2
