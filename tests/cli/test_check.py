"""check on a project of three services with a fault of each kind: what it says in each form, and how it ends."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from calling import Meshctl, write_project

GOLDEN = Path(__file__).parent.parent / "golden" / "check"
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
  - {name: web, image: "{{ image }}", readinessProbe: {tcpSocket: {port: 80}}}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80}, {name: http, port: 81}]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`web` has a Service that is refused, an image that moves, and a partial with the same."""
    write_project(tmp_path)
    (tmp_path / "templates/web/pod.yaml").write_text(POD.replace("{{ image }}", "web"))
    (tmp_path / "templates/web/service.yaml").write_text(SERVICE)
    (tmp_path / "templates/_lib").mkdir()
    (tmp_path / "templates/_lib/pod.j2").write_text(POD.replace("name: web,", "name: web-{{ 1 + 1 }},", 1))
    (tmp_path / "templates/web/other.yaml").write_text("# another\n{% set image = 'web' %}{% include 'pod.j2' %}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def golden(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert file.read_text() == text


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("form", ["human", "json", "sarif", "github", "junit"])
def test_forms(meshctl: Meshctl, form: str) -> None:
    outcome = meshctl("check", "web", "-o", form)
    assert (outcome.code, outcome.err) == (4, "")
    golden(form, outcome.out)
    assert meshctl("check", "web", "-o", form).out == outcome.out


@pytest.mark.usefixtures("project")
def test_colour_and_a_caret_at_the_column(meshctl: Meshctl) -> None:
    lines = meshctl("check", "web", "--color", "always").out.splitlines()
    caret = next(line for line in lines if "^" in line)
    assert "\x1b[32;1m^\x1b[0m" in caret
    assert any("\x1b[31;1merror:\x1b[0m" in line for line in lines)


def test_what_else_an_object_has_in_the_same_line(meshctl: Meshctl, project: Path) -> None:
    limits = "{% set m = '64mb' %}resources: {{ {'limits': {'memory': m}, 'requests': {'memory': m}} | tojson }}"
    text = POD.replace("{{ image }}", "web:1").replace("readinessProbe: {tcpSocket: {port: 80}}", limits)
    (project / "templates/web/pod.yaml").write_text(text)
    out = meshctl("check", "web").out
    assert "pod.yaml:6: error: limits.memory has to be a quantity" in out
    assert "  also: requests.memory has to be a quantity" in out


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("fail_on", "code"), [("error", 4), ("warning", 4), ("never", 0)])
def test_fail_on(meshctl: Meshctl, fail_on: str, code: int) -> None:
    assert meshctl("check", "web", "--fail-on", fail_on).code == code
    assert meshctl("check", "cache", "--no-needs", "--fail-on", fail_on).code == 0


@pytest.mark.usefixtures("project")
def test_warnings_alone_do_not_fail(meshctl: Meshctl, project: Path) -> None:
    (project / "templates/web/service.yaml").unlink()
    assert meshctl("check", "web").code == 0
    assert meshctl("check", "web", "--fail-on", "warning").code == 4


def test_junit_counts(meshctl: Meshctl, project: Path) -> None:
    root = ET.fromstring(meshctl("check", "--all", "-o", "junit").out)  # noqa: S314 - written by us
    assert (root.get("tests"), root.get("failures")) == ("5", "3")
    assert {suite.get("name") for suite in root} == {"postgres", "cache", "web"}
    assert project


def test_github_escapes(meshctl: Meshctl, project: Path) -> None:
    (project / "templates/web/100%, a:b.yaml").write_text(
        POD.replace("name: web,", "name: c,", 1).replace("{{ image }}", "x%")
    )
    out = meshctl("check", "web", "-o", "github").out
    assert (
        "::warning file=templates/web/100%25%2C a%3Ab.yaml,line=6,col=24,title=MSH260::image x%25 has no tag%0A" in out
    )


def test_faults_of_the_config_and_of_templates_are_findings(meshctl: Meshctl, project: Path) -> None:
    (project / "templates/cache/config.yaml.j2").write_text("a: {{ nobody }}\n")
    outcome = meshctl("check", "--all", "-o", "json")
    found = {(each["code"], each["file"], each["line"]) for each in json.loads(outcome.out)["findings"]}
    assert outcome.code == 4
    assert found >= {("MSH102", "templates/cache/config.yaml.j2", 1), ("MSH230", "templates/web/service.yaml", 6)}
    (project / "configs/dev.yaml").write_text("service: [web]\nservices: [db]\n")
    outcome = meshctl("check", "-o", "json")
    assert outcome.code == 4
    assert [(each["code"], each["line"], each["severity"]) for each in json.loads(outcome.out)["findings"]] == [
        ("MSH011", 2, "error")
    ]


def test_usage_and_what_cannot_be_read_are_no_findings(meshctl: Meshctl, project: Path) -> None:
    assert meshctl("check", "nothing").code == 2
    assert meshctl("check", "-e", "nowhere").code == 2
    (project / "configs/dev.yaml").unlink()
    (project / "configs/dev.yaml").mkdir()
    assert meshctl("check", "-e", "dev").code == 2


def test_a_start_stops_on_errors_before_it_asks_a_cluster(meshctl: Meshctl, project: Path) -> None:
    outcome = meshctl("start", "web", "--dry-run", "client")
    assert outcome.code == 4
    assert "templates/web/service.yaml:6:" in outcome.err
    assert "MSH230" in outcome.err
    assert "MSH260" not in outcome.err
    lines = [json.loads(line) for line in meshctl("start", "web", "--dry-run=client", "-o", "json").out.splitlines()]
    assert [(line["type"], line.get("code"), line.get("exit")) for line in lines] == [
        ("planned", None, None),
        ("error", "MSH230", None),
        ("finished", None, 4),
    ]
    (project / "templates/web/service.yaml").unlink()
    assert meshctl("start", "web", "--dry-run", "client").code == 0


@pytest.mark.parametrize("form", ["human", "json", "sarif", "github", "junit"])
@pytest.mark.parametrize("ignored", [False, True])
def test_no_finding_quotes_what_leaked(
    meshctl: Meshctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, ignored: bool
) -> None:
    """The label has a secret of several lines, which is refused for that, and for what it looks like."""
    annotation = '{meshctl.dev/ignore: "MSH211: ours"}' if ignored else "{}"
    (tmp_path / "configs").mkdir()
    (tmp_path / "templates/web").mkdir(parents=True)
    (tmp_path / "configs/dev.yaml").write_text(
        'namespace: x\nvars: {key: "first secret line\\nsecond secret line"}\nsecrets: [key]\nservice: {web: {}}\n'
    )
    (tmp_path / "templates/web/map.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\n"
        f'metadata: {{name: web, annotations: {annotation}, labels: {{a: "{{{{ key | indent(2) }}}}"}}}}\n'
    )
    monkeypatch.chdir(tmp_path)
    result = meshctl("check", "--all", "-o", form)
    assert result.code == 4
    assert "MSH115" in result.out
    assert "MSH211" in result.out or (ignored and form != "sarif")
    assert "secret line" not in result.out + result.err
