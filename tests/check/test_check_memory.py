"""What is remembered changes how long a check takes, never what it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from projects import project

from meshctl import check, yamlio
from meshctl.check import Material, Report, subject_of
from meshctl.check.memory import Memory
from meshctl.manifest import Bundle, Manifest
from meshctl.plan import whole

MANIFESTS = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: htpp}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
  - {name: web, image: web, ports: [{name: http, containerPort: 80}], readinessProbe: {tcpSocket: {port: 80}}}
"""
PLAN = whole(project({"web": []}))


def manifests(text: str) -> list[Manifest]:
    return [replace(resource.manifest, service="web") for resource in subject_of(text).resources]


def checked(text: str, cache: Path | None, **changes: Any) -> Report:
    bundle = Bundle("default", {"web": tuple(manifests(text))})
    return check.check(Material(PLAN, bundle), cache=cache, **changes)


def test_a_second_check_says_the_same_and_runs_no_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = checked(MANIFESTS, tmp_path)
    assert {finding.code for finding in first.findings} == {"MSH232", "MSH260"}
    seen: list[str] = []
    monkeypatch.setattr("meshctl.check.inspection.object_rules_for", lambda *kind: seen.append(str(kind)) or ())
    monkeypatch.setattr("meshctl.check.inspection.rules_of", lambda scope: seen.append(scope) or ())
    assert checked(MANIFESTS, tmp_path) == first
    assert seen == ["project"]


def test_only_what_changed_is_checked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked(MANIFESTS, tmp_path)
    asked: list[tuple[str, str]] = []
    rules = check.inspection.object_rules_for
    monkeypatch.setattr("meshctl.check.inspection.object_rules_for", lambda *kind: asked.append(kind) or rules(*kind))
    changed = MANIFESTS.replace("image: web", 'image: "web:1"')
    assert checked(changed, tmp_path) == checked(changed, None)
    assert asked[:1] == [("", "Pod")]


def test_a_line_that_moved_is_told_where_it_is_now(tmp_path: Path) -> None:
    before = checked(MANIFESTS, tmp_path)
    after = checked(f"# a comment\n{MANIFESTS}", tmp_path)
    assert [finding.where.line + 1 for finding in before.findings if finding.where] == [
        finding.where.line for finding in after.findings if finding.where
    ]


def test_errors_alone_and_everything_are_remembered_apart(tmp_path: Path) -> None:
    assert [finding.code for finding in checked(MANIFESTS, tmp_path, least="error").findings] == ["MSH232"]
    assert checked(MANIFESTS, tmp_path) == checked(MANIFESTS, None)
    assert [finding.code for finding in checked(MANIFESTS, tmp_path, least="error").findings] == ["MSH232"]


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"garbage"])
def test_a_damaged_memory_is_none(tmp_path: Path, content: bytes) -> None:
    first = checked(MANIFESTS, tmp_path)
    for file in tmp_path.rglob("*"):
        if file.is_file():
            file.write_bytes(content)
    assert checked(MANIFESTS, tmp_path) == first


def test_other_rules_remember_nothing_of_these(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(tmp_path, "shop")
    memory.remember_object("key", [])
    memory.save()
    assert Memory(tmp_path, "shop").object("key") == []
    assert Memory(tmp_path, "another").object("key") is None
    monkeypatch.setattr("meshctl.check.memory.rules_digest", lambda: "others")
    assert Memory(tmp_path, "shop").object("key") is None


def test_a_secret_leaves_no_value(tmp_path: Path) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"key": 4711, "other": "hunter2!"}}
    report = checked(yamlio.dump(body), tmp_path)
    assert report.findings
    assert not any("4711" in str(finding) or "hunter2" in str(finding) for finding in report.findings)
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"hunter2" not in kept
