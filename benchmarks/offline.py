"""What needs no cluster: start-up, rendering, checking."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.measure import Row, compare, scratch, seconds
from benchmarks.programs import HELM, KUBECTL, MESHCTL
from benchmarks.project import write_chart, write_project

KUSTOMIZE = "`kubectl kustomize`"


def version(runs: int) -> Iterator[Row]:
    yield compare(
        "`version`",
        lambda _: seconds([MESHCTL, "version"]),
        "`kubectl version --client`",
        lambda _: seconds([KUBECTL, "version", "--client"]),
        limit=2.5,
        runs=runs * 3,
    )


def gen(runs: int) -> Iterator[Row]:
    with scratch() as projects:
        small, large = projects / "small", projects / "large"
        write_project(small, 200)
        write_project(large, 1000)
        for cache, generate, limit in (("warm", warm_gen, 1.0), ("cold", cold_gen, 1.5)):
            what = f"`gen --all`, 200 services, {cache}"
            yield compare(what, partial(generate, small), KUSTOMIZE, partial(kustomize, small), limit=limit, runs=runs)
        yield compare(
            "`gen --all`, 1,000 services, warm",
            partial(warm_gen, large),
            "`gen --all`, 200 services, warm",
            partial(warm_gen, small),
            limit=5.0,
            runs=runs,
        )
        if HELM:
            chart = write_chart(small)
            yield compare(
                "`gen --all` again, nothing changed",
                partial(again, small),
                "`helm template`",
                lambda _: seconds([HELM, "template", "benchmark", str(chart)]),
                limit=3.0,
                runs=runs,
            )


def check(runs: int) -> Iterator[Row]:
    with scratch() as project:
        write_project(project, 200)
        yield compare(
            "`check --all`, 200 services, cold",
            partial(cold_check, project),
            KUSTOMIZE,
            partial(kustomize, project),
            limit=3.0,
            runs=runs,
        )
        yield compare(
            "`check --all` again, one file changed",
            partial(check_of_one_change, project),
            "`check --all`, cold",
            partial(cold_check, project),
            limit=0.5,
            runs=runs,
        )


def cold_gen(project: Path, _number: int) -> float:
    shutil.rmtree(project / "cache", ignore_errors=True)
    return generated(project)


def warm_gen(project: Path, _number: int) -> float:
    if not (project / "cache").exists():
        generated(project)
    return generated(project)


def generated(project: Path) -> float:
    """Into a folder that is not there yet, so that every run writes all files."""
    shutil.rmtree(project / "output", ignore_errors=True)
    return meshctl(project, "gen", "--all")


def again(project: Path, _number: int) -> float:
    return meshctl(project, "gen", "--all")


def cold_check(project: Path, _number: int) -> float:
    shutil.rmtree(project / "cache", ignore_errors=True)
    return meshctl(project, "check", "--all")


def check_of_one_change(project: Path, number: int) -> float:
    meshctl(project, "check", "--all")
    template = project / "templates/service-0100/configmap.yaml"
    template.write_text(template.read_text() + f"  changed-{number}: 'yes'\n")
    return meshctl(project, "check", "--all")


def meshctl(project: Path, *arguments: str) -> float:
    """With a cache of the project's own, so that `cold` can be had."""
    return seconds(
        [MESHCTL, "-C", str(project), *arguments], environment={"MESHCTL_CACHE_HOME": str(project / "cache")}
    )


def kustomize(project: Path, _number: int) -> float:
    return seconds([KUBECTL, "kustomize", str(project / "manifests"), "--output", str(project / "kustomized.yaml")])
