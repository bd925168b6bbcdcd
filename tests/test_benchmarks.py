"""The benchmarks compare like with like."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.measure import Row, compare
from benchmarks.project import write_project
from meshctl import yamlio
from meshctl.config import Config, find_project, load
from meshctl.plan import Selection, select
from meshctl.render import render

OURS = {"app.kubernetes.io/managed-by", "app.kubernetes.io/part-of", "meshctl.dev/service", "meshctl.dev/project"}
OURS |= {"applyset.kubernetes.io/part-of"}


def config(project: Path) -> Config:
    found = find_project(directory=project, environment="dev", file=None, environ={}, cwd=project)
    return load(found, environ={}, namespace="benchmark", cwd=project)


def without_ours(value: Any) -> Any:
    """The object without what meshctl adds to it: its namespace, its labels and its annotation."""
    if isinstance(value, Mapping):
        kept = {
            key: without_ours(child) for key, child in value.items() if key not in {*OURS, "meshctl.dev/config-hash"}
        }
        return {key: child for key, child in kept.items() if child != {} and (key, child) != ("namespace", "benchmark")}
    return [without_ours(child) for child in value] if isinstance(value, list) else value


def test_kubectl_gets_the_same_objects(tmp_path: Path) -> None:
    write_project(tmp_path, 7)
    plan = select(config(tmp_path), Selection(all=True), closure=True)
    ours = {manifest.file: without_ours(manifest.body) for manifest in render(plan, environ={}, cache=None)}
    kustomization = yamlio.load((tmp_path / "manifests/kustomization.yaml").read_text(), "kustomization.yaml").value
    theirs = {
        file: yamlio.load((tmp_path / "manifests" / file).read_text(), file).value
        for file in kustomization["resources"]
    }
    assert ours == theirs
    assert len(ours) == 7 * 4


@pytest.mark.parametrize(
    ("shape", "needs"),
    [("tree", [(), (0,), (0,), (1,), (1,)]), ("chain", [(), (0,), (1,), (2,), (3,)]), ("flat", [()] * 5)],
)
def test_a_project_has_the_shape_that_was_asked_for(shape: str, needs: list[tuple[int, ...]], tmp_path: Path) -> None:
    write_project(tmp_path, 5, shape)
    wanted = [tuple(f"service-{number:04}" for number in each) for each in needs]
    assert [service.needs for service in config(tmp_path).services.values()] == wanted


def test_both_take_turns_and_medians_are_compared() -> None:
    times = {"ours": [3.0, 100.0, 1.0], "theirs": [10.0, 2.0, 6.0]}
    order: list[str] = []

    def work(side: str, number: int) -> float:
        order.append(side)
        return times[side][number]

    row = compare(
        "a", lambda number: work("ours", number), "b", lambda number: work("theirs", number), limit=0.5, runs=3
    )
    assert row == Row("a", 3.0, "b", 6.0, 0.5)
    assert row.held
    assert order == ["ours", "theirs"] * 3
