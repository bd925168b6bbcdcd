"""Ignores: what they silence, and what they become when they silence nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from projects import project

from meshctl import check
from meshctl.check import Material, Report, subject_of
from meshctl.config import Ignore
from meshctl.errors import Where
from meshctl.manifest import Bundle
from meshctl.plan import Plan, whole

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations: {ANNOTATION}
spec:
  containers: [{name: web, image: web, volumeMounts: [{name: x, mountPath: /x}]}]
"""
HERE = Where("configs/dev.yaml", 7, 5)


def report(annotations: str = "{}", *ignores: Ignore, plan: Plan | None = None) -> Report:
    config = replace(project({"web": [], "db": []}), ignore=ignores)
    found = subject_of(POD.replace("{ANNOTATION}", annotations)).resources
    bundle = Bundle("default", {"web": tuple(replace(each.manifest, service="web") for each in found), "db": ()})
    return check.check(Material(replace(plan or whole(config), config=config), bundle))


def codes(checked: Report) -> list[str]:
    return [finding.code for finding in checked.findings]


def ignore(code: str, service: str = "", named: str = "") -> Ignore:
    return Ignore(code, service, named, "meant so", HERE)


def test_without_ignores() -> None:
    assert codes(report()) == ["MSH260", "MSH244"]


@pytest.mark.parametrize(
    ("annotation", "left"),
    [
        ('"MSH260: moves by design"', ["MSH244"]),
        ('"MSH260: moves by design, MSH244: the volume is injected, by another tool"', []),
        ("|\n      MSH260: moves\n      MSH244: injected", []),
    ],
)
def test_annotations(annotation: str, left: list[str]) -> None:
    checked = report(f"\n    meshctl.dev/ignore: {annotation}")
    assert codes(checked) == left
    assert all(each.in_source and each.reason for each in checked.suppressed)
    assert len(checked.suppressed) == 2 - len(left)


@pytest.mark.parametrize(
    ("ignored", "left"),
    [
        (ignore("MSH260"), ["MSH244"]),
        (ignore("MSH260", "web"), ["MSH244"]),
        (ignore("MSH260", "w*", "pod/w*"), ["MSH244"]),
        (ignore("MSH260", "db"), ["MSH491", "MSH260", "MSH244"]),
        (ignore("MSH260", "web", "Service/web"), ["MSH491", "MSH260", "MSH244"]),
        (ignore("MSH999"), ["MSH491", "MSH260", "MSH244"]),
    ],
)
def test_the_config(ignored: Ignore, left: list[str]) -> None:
    assert codes(report("{}", ignored)) == left


def test_an_ignore_that_ignores_nothing_is_told_where_it_is() -> None:
    (unused, *_) = report("{}", ignore("MSH299")).findings
    assert (unused.code, unused.severity, unused.where) == ("MSH491", "warning", HERE)
    (unused, *_) = report('\n    meshctl.dev/ignore: "MSH299: gone"').findings
    assert (unused.code, str(unused.where)) == ("MSH491", "manifests.yaml:6:25")


@pytest.mark.parametrize("annotation", ["MSH260", "'MSH260:'", "because", "'MSH102: nobody ignores a fault'"])
def test_an_annotation_that_says_no_code_or_no_reason_ignores_nothing(annotation: str) -> None:
    checked = report(f"\n    meshctl.dev/ignore: {annotation}")
    assert codes(checked) == ["MSH492", "MSH260", "MSH244"]
    assert "reason" in checked.findings[0].message


def test_in_a_part_of_a_project_only_what_names_its_services_counts_as_unused() -> None:
    part = whole(project({"web": [], "db": []})).only(["web"])
    assert codes(report("{}", ignore("MSH299", "db"), ignore("MSH299"), plan=part)) == ["MSH260", "MSH244"]
    assert codes(report("{}", ignore("MSH299", "web"), plan=part)) == ["MSH491", "MSH260", "MSH244"]
