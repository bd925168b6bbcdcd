"""The figures: what is measured, against what, and the ratio that is promised.

Each is a function of the number of runs that gives rows of the table, and leaves nothing behind.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks.measure import Row, compare, run, seconds
from benchmarks.project import write_project

PROGRAMS = Path(sys.executable).parent
MESHCTL = str(PROGRAMS / "meshctl")
KUBECTL = str(PROGRAMS / "kubectl")
SANDBOX = ("--name", "benchmarks")


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
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small"), Path(folder, "large")
        write_project(small, 200)
        write_project(large, 1000)
        peer = "`kubectl kustomize`"
        for cache, generate, limit in (("warm", warm_gen, 1.0), ("cold", cold_gen, 1.5)):
            what = f"`gen --all`, 200 services, {cache}"
            yield compare(what, partial(generate, small), peer, partial(kustomize, small), limit=limit, runs=runs)
        yield compare(
            "`gen --all`, 1,000 services, warm",
            partial(warm_gen, large),
            "`gen --all`, 200 services, warm",
            partial(warm_gen, small),
            limit=5.0,
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
    return seconds(
        [MESHCTL, "-C", str(project), "gen", "--all"], environment={"XDG_CACHE_HOME": str(project / "cache")}
    )


def kustomize(project: Path, _number: int) -> float:
    return seconds([KUBECTL, "kustomize", str(project / "manifests"), "--output", str(project / "kustomized.yaml")])


def start(runs: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, sandbox() as kubeconfig:
        project = Path(folder)
        write_project(project, 200, "tree")
        yield compare(
            "`start --all`, 200 services as a tree, until ready",
            partial(started, project, kubeconfig),
            "`kubectl apply --server-side`, then `kubectl wait`",
            partial(applied, project, kubeconfig),
            limit=0.4,
            runs=runs,
        )


def started(project: Path, kubeconfig: str, number: int) -> float:
    namespace = f"benchmark-meshctl-{number}"
    with fresh_namespace(kubeconfig, namespace):
        command = ["start", "--all", "--namespace", namespace, "--kubeconfig", kubeconfig]
        return seconds([MESHCTL, "-C", str(project), *command])


def applied(project: Path, kubeconfig: str, number: int) -> float:
    namespace = f"benchmark-kubectl-{number}"
    kubectl = [KUBECTL, "--kubeconfig", kubeconfig, "--namespace", namespace]
    with fresh_namespace(kubeconfig, namespace):
        return seconds(
            [*kubectl, "apply", "--server-side", "--kustomize", str(project / "manifests")],
            [*kubectl, "wait", "--for=condition=Available", "deploy", "--all", "--timeout=10m"],
        )


@contextmanager
def fresh_namespace(kubeconfig: str, namespace: str) -> Iterator[None]:
    """There before the clock starts, and gone, with all that is in it, before the next one does."""
    kubectl = [KUBECTL, "--kubeconfig", kubeconfig]
    run([*kubectl, "create", "namespace", namespace])
    yield
    run([*kubectl, "delete", "namespace", namespace, "--wait", "--timeout=10m"])


@contextmanager
def sandbox() -> Iterator[str]:
    """A control plane for this alone; gives its kubeconfig."""
    run([MESHCTL, "sandbox", "up", *SANDBOX])
    try:
        yield json.loads(run([MESHCTL, "sandbox", "status", *SANDBOX, "--output", "json"]))["kubeconfig"]
    finally:
        run([MESHCTL, "sandbox", "down", *SANDBOX])


FIGURES: dict[str, Callable[[int], Iterator[Row]]] = {"version": version, "gen": gen, "start": start}
