"""What needs a cluster: a sandbox for this alone, in which everybody gets namespaces of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from threading import Thread
from typing import NamedTuple

from benchmarks.measure import Row, Usage, compare, run, seconds, usage
from benchmarks.programs import HELM, KUBECTL, MESHCTL
from benchmarks.project import FILES, write_chart, write_objects, write_project

SANDBOX = ("--name", "benchmarks")
APPLY_AND_WAIT = "`kubectl apply --server-side`, then `kubectl wait`"
LIMIT = "the same applies, 16 at a time, and a watch"
ROOT = Path(__file__).parents[1]
KINDS = len(FILES)
_numbers = count()


class Bench(NamedTuple):
    """A project of so many services, and the cluster."""

    project: Path
    kubeconfig: str
    services: int

    def meshctl(self, namespace: str, *arguments: str) -> list[str]:
        return [
            MESHCTL, "-C", str(self.project), *arguments, "--namespace", namespace, "--kubeconfig", self.kubeconfig
        ]  # fmt: skip

    def kubectl(self, namespace: str, *arguments: str) -> list[str]:
        return [KUBECTL, "--kubeconfig", self.kubeconfig, "--namespace", namespace, *arguments]

    def helm(self, namespace: str, *arguments: str) -> list[str]:
        return [HELM, "--kubeconfig", self.kubeconfig, "--namespace", namespace, *arguments]

    @property
    def manifests(self) -> list[str]:
        return ["--kustomize", str(self.project / "manifests")]

    def start(self, namespace: str) -> list[str]:
        return self.meshctl(namespace, "start", "--all")


def start(runs: int) -> Iterator[Row]:
    """Fresh, until everything is ready."""
    for shape, limit in (("tree", 1.5), ("flat", 1.25)):
        with bench(200, shape) as it:
            what = f"`start --all`, 200 services, {shape}, until ready"
            rows = [(fresh_start(it), fresh_apply(it), fresh_limit(it)) for _ in range(runs)]
            ours, kubectl, bare = (median(column) for column in zip(*rows, strict=True))
            yield Row(what, ours, APPLY_AND_WAIT, kubectl, 0.3)
            yield Row(what, ours, LIMIT, bare, limit)
            if HELM:
                yield Row(what, ours, "`helm upgrade --install --wait`", fresh_helm(it), 0.3)


def again(runs: int) -> Iterator[Row]:
    """With everything running: nothing to do, one thing to do, questions, and the end."""
    with bench(200, "tree") as it, namespace(it) as ours, namespace(it) as theirs:
        run(it.start(ours))
        apply = it.kubectl(theirs, "apply", "--server-side", *it.manifests)
        run(apply)
        yield compare(
            "`start --all` again, nothing to do",
            lambda _: seconds(it.start(ours)),
            "`kubectl apply --server-side` again",
            lambda _: seconds(apply),
            limit=0.4,
            runs=runs,
        )
        yield compare(
            "`start --all`, one service changed",
            partial(changed, it, it.start(ours)),
            "`kubectl apply --server-side`, one file changed",
            partial(changed, it, apply),
            limit=0.5,
            runs=runs,
        )
        run(it.start(ours))
        run(apply)
        yield compare(
            "`diff --all`, nothing changed",
            lambda _: seconds(it.meshctl(ours, "diff", "--all")),
            "`kubectl diff --server-side`",
            lambda _: seconds(it.kubectl(theirs, "diff", "--server-side", *it.manifests)),
            limit=0.3,
            runs=runs,
        )
        get = it.kubectl(ours, "get", "deployments,pods")
        for option, limit in (("--no-drift", 3.0), ("--drift", 6.0)):
            yield compare(
                f"`status --all {option}`",
                lambda _, option=option: seconds(it.meshctl(ours, "status", "--all", option)),  # type: ignore[misc]
                "`kubectl get deploy,pods`",
                lambda _: seconds(get),
                limit=limit,
                runs=runs,
            )
        yield Row(
            "`stop --all`, until everything is gone",
            seconds(it.meshctl(ours, "stop", "--all")),
            "`kubectl delete` of the same",
            seconds(it.kubectl(theirs, "delete", *it.manifests)),
            0.15,
        )


def chain(_runs: int) -> Iterator[Row]:
    """Each link waits for the one before it; what it costs beyond the cluster's own time."""
    with bench(50, "chain") as it, namespace(it) as name, watching(it, name) as seen:
        whole = seconds(it.start(name))
        own = seen()
        yield Row("a link of a chain of 50, beyond the cluster's own time", (whole - own) / 50, "", None, 0.3)


def growth(_runs: int) -> Iterator[Row]:
    """Five times the services; and what a run asks and holds."""
    used: dict[int, Usage] = {}
    for services in (200, 1000):
        with bench(services, "tree") as it, namespace(it) as name:
            command = [*it.start(name), "--output", "json"]
            used[services] = fresh = usage(command)
            repeated = requests(run(command))
        bound = services * KINDS + 2 * KINDS + 2 * services + 20
        yield Row(f"requests of a `start --all`, {services:,} services", requests(fresh.output), "", None, bound, "")
        yield Row(f"requests of the same again, {services:,} services", repeated, "", None, 3 * KINDS + 20, "")
    small, large = used[200], used[1000]
    yield Row("`start --all`, 1,000 services", large.seconds, "`start --all`, 200 services", small.seconds, 5.5)
    yield Row("its memory at the greatest", large.megabytes, "the same", small.megabytes, 5, "MB")
    yield Row("its memory at the greatest, 4,000 objects", large.megabytes, "", None, 250, "MB")


def requests(stream: str) -> float:
    """That a run has sent, by its own count."""
    return float(json.loads(stream.splitlines()[-1])["requests"])


def fresh_start(it: Bench) -> float:
    with namespace(it) as name:
        return seconds(it.start(name))


def fresh_apply(it: Bench) -> float:
    with namespace(it) as name:
        return seconds(
            it.kubectl(name, "apply", "--server-side", *it.manifests),
            it.kubectl(name, "wait", "--for=condition=Available", "deploy", "--all", "--timeout=10m"),
        )


def fresh_limit(it: Bench) -> float:
    objects = str(it.project / "objects.json")
    with namespace(it) as name:
        options = ["--kubeconfig", it.kubeconfig, "--namespace", name]
        return seconds([sys.executable, str(ROOT / "benchmarks/limit.py"), objects, *options])


def fresh_helm(it: Bench) -> float:
    """Once: it takes minutes, and may give up before the end, which is then its time."""
    chart = write_chart(it.project)
    with namespace(it) as name:
        began = time.perf_counter()
        run(it.helm(name, "upgrade", "--install", "benchmark", str(chart), "--wait"), expected=(0, 1))
        return time.perf_counter() - began


def changed(it: Bench, command: Sequence[str], number: int) -> float:
    """The template and the manifest are told the same."""
    for folder in ("templates", "manifests"):
        file = it.project / folder / "service-0100/configmap.yaml"
        file.write_text(file.read_text() + f"    changed-{next(_numbers)}: {number}\n")
    return seconds(command)


@contextmanager
def watching(it: Bench, name: str) -> Iterator[Callable[[], float]]:
    """A watch of Deployments beside the run; tells the sum of the times from creation to available, in seconds."""
    command = it.kubectl(name, "get", "deployments", "--watch", "--output", "json", "--output-watch-events")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    created: dict[str, float] = {}
    available: dict[str, float] = {}

    def read() -> None:
        decoder, pending = json.JSONDecoder(), ""
        assert process.stdout is not None
        for line in process.stdout:
            pending += line
            if line.rstrip() != "}":
                continue
            body = decoder.decode(pending)["object"]
            pending, now = "", time.perf_counter()
            created.setdefault(body["metadata"]["name"], now)
            if body.get("status", {}).get("availableReplicas"):
                available.setdefault(body["metadata"]["name"], now)

    Thread(target=read, daemon=True).start()
    try:
        yield lambda: sum(available[each] - created[each] for each in available)
    finally:
        process.kill()


@contextmanager
def bench(services: int, shape: str) -> Iterator[Bench]:
    """A control plane for this alone, and a project."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        write_project(project, services, shape)
        write_objects(project)
        run([MESHCTL, "sandbox", "up", *SANDBOX])
        try:
            status = json.loads(run([MESHCTL, "sandbox", "status", *SANDBOX, "--output", "json"]))
            yield Bench(project, status["kubeconfig"], services)
        finally:
            run([MESHCTL, "sandbox", "down", *SANDBOX])


@contextmanager
def namespace(it: Bench) -> Iterator[str]:
    """There before the clock starts, and gone, with all that is in it, before the next one does."""
    name = f"benchmark-{next(_numbers)}"
    run(it.kubectl(name, "create", "namespace", name))
    yield name
    run(it.kubectl(name, "delete", "namespace", name, "--wait", "--timeout=10m"))
