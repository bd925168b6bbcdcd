"""What needs a cluster: a sandbox for this alone, in which everybody gets namespaces of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from threading import Thread
from typing import NamedTuple

from benchmarks.measure import Row, Usage, compare, run, scratch, seconds, usage
from benchmarks.programs import HELM, KUBECTL, MESHCTL
from benchmarks.project import FILES, write_chart, write_objects, write_project

SANDBOX = ("--name", "benchmarks")
APPLY_AND_WAIT = "`kubectl apply --server-side`, then `kubectl wait`"
LIMIT = "the same applies, 16 at a time, and a watch"
ROOT = Path(__file__).parents[1]
KINDS = len(FILES)
_numbers = count()


class Bench(NamedTuple):
    """A project, and a namespace of a cluster for it."""

    project: Path
    kubeconfig: str
    namespace: str

    def meshctl(self, *arguments: str) -> list[str]:
        where = ["--namespace", self.namespace, "--kubeconfig", self.kubeconfig]
        return [MESHCTL, "-C", str(self.project), *arguments, *where]

    def kubectl(self, *arguments: str) -> list[str]:
        return [KUBECTL, "--kubeconfig", self.kubeconfig, "--namespace", self.namespace, *arguments]

    @property
    def manifests(self) -> list[str]:
        return ["--kustomize", str(self.project / "manifests")]

    @property
    def start(self) -> list[str]:
        return self.meshctl("start", "--all")

    @property
    def apply(self) -> list[str]:
        return self.kubectl("apply", "--server-side", *self.manifests)


def start(runs: int) -> Iterator[Row]:
    """Fresh, until everything is ready; each on a control plane that has seen nothing else."""
    for shape, limit in (("tree", 1.5), ("flat", 1.25)):
        with project(200, shape) as folder:
            what = f"`start --all`, 200 services, {shape}, until ready"
            rows = [[fresh(folder, work) for work in (started, applied, bare)] for _ in range(runs)]
            ours, kubectl, least = (median(column) for column in zip(*rows, strict=True))
            yield Row(what, ours, APPLY_AND_WAIT, kubectl, 0.3)
            yield Row(what, ours, LIMIT, least, limit)
            if HELM and shape == "tree":
                yield Row(what, ours, "`helm upgrade --install --wait`", fresh(folder, installed), 0.3)


def fresh(folder: Path, work: Callable[[Bench], float]) -> float:
    with cluster() as kubeconfig:
        return work(namespace(folder, kubeconfig))


def started(it: Bench) -> float:
    return seconds(it.start)


def applied(it: Bench) -> float:
    return seconds(it.apply, it.kubectl("wait", "--for=condition=Available", "deploy", "--all", "--timeout=10m"))


def bare(it: Bench) -> float:
    """The least that has to be done."""
    options = ["--kubeconfig", it.kubeconfig, "--namespace", it.namespace]
    return seconds([sys.executable, str(ROOT / "benchmarks/limit.py"), str(it.project / "objects.json"), *options])


def installed(it: Bench) -> float:
    """Once: it takes minutes, and may give up before the end, which is then its time."""
    chart = write_chart(it.project)
    options = ["--kubeconfig", it.kubeconfig, "--namespace", it.namespace, "--wait"]
    began = time.perf_counter()
    run([HELM, "upgrade", "--install", "benchmark", str(chart), *options], expected=(0, 1))
    return time.perf_counter() - began


def again(runs: int) -> Iterator[Row]:
    """With everything running: nothing to do, one thing to do, questions, and the end."""
    with project(200, "tree") as folder, cluster() as kubeconfig:
        ours, theirs = namespace(folder, kubeconfig), namespace(folder, kubeconfig)
        run(ours.start)
        run(theirs.apply)
        yield compare(
            "`start --all` again, nothing to do",
            lambda _: seconds(ours.start),
            "`kubectl apply --server-side` again",
            lambda _: seconds(theirs.apply),
            limit=0.4,
            runs=runs,
        )
        yield compare(
            "`start --all`, one service changed",
            partial(changed, folder, ours.start),
            "`kubectl apply --server-side`, one file changed",
            partial(changed, folder, theirs.apply),
            limit=0.5,
            runs=runs,
        )
        run(ours.start)
        run(theirs.apply)
        yield compare(
            "`diff --all`, nothing changed",
            lambda _: seconds(ours.meshctl("diff", "--all")),
            "`kubectl diff --server-side`",
            lambda _: seconds(theirs.kubectl("diff", "--server-side", *theirs.manifests)),
            limit=0.3,
            runs=runs,
        )
        for option, limit in (("--no-drift", 3.0), ("--drift", 6.0)):
            yield compare(
                f"`status --all {option}`",
                lambda _, option=option: seconds(ours.meshctl("status", "--all", option)),  # type: ignore[misc]
                "`kubectl get deploy,pods`",
                lambda _: seconds(ours.kubectl("get", "deployments,pods")),
                limit=limit,
                runs=runs,
            )
        yield Row(
            "`stop --all`, until everything is gone",
            seconds(ours.meshctl("stop", "--all")),
            "`kubectl delete` of the same",
            seconds(theirs.kubectl("delete", *theirs.manifests)),
            0.15,
        )


def chain(_runs: int) -> Iterator[Row]:
    """Each link waits for the one before it; what it costs beyond the cluster's own time."""
    with project(50, "chain") as folder, cluster() as kubeconfig:
        it = namespace(folder, kubeconfig)
        with watching(it) as seen:
            whole = seconds(it.start)
            yield Row("a link of a chain of 50, beyond the cluster's own time", (whole - seen()) / 50, "", None, 0.3)


def growth(_runs: int) -> Iterator[Row]:
    """Five times the services; and what a run asks and holds."""
    used: dict[int, Usage] = {}
    for services in (200, 1000):
        with project(services, "tree") as folder, cluster() as kubeconfig:
            command = [*namespace(folder, kubeconfig).start, "--output", "json"]
            used[services] = first = usage(command)
            repeated = requests(run(command))
        bound = services * KINDS + 2 * KINDS + 2 * services + 20
        yield Row(f"requests of a `start --all`, {services:,} services", requests(first.output), "", None, bound, "")
        yield Row(f"requests of the same again, {services:,} services", repeated, "", None, 3 * KINDS + 20, "")
    small, large = used[200], used[1000]
    yield Row("`start --all`, 1,000 services", large.seconds, "`start --all`, 200 services", small.seconds, 5.5)
    yield Row("its memory at the greatest", large.megabytes, "the same", small.megabytes, 5, "MB")
    yield Row("its memory at the greatest, 4,000 objects", large.megabytes, "", None, 250, "MB")


def requests(stream: str) -> float:
    """That a run has sent, by its own count."""
    return float(json.loads(stream.splitlines()[-1])["requests"])


def changed(folder: Path, command: Sequence[str], number: int) -> float:
    """The template and the manifest are told the same."""
    for kind in ("templates", "manifests"):
        file = folder / kind / "service-0100/configmap.yaml"
        file.write_text(file.read_text() + f"    changed-{next(_numbers)}: {number}\n")
    return seconds(command)


@contextmanager
def watching(it: Bench) -> Iterator[Callable[[], float]]:
    """A watch of Deployments beside the run; tells the sum of the times from creation to available, in seconds."""
    command = it.kubectl("get", "deployments", "--watch", "--output", "json", "--output-watch-events")
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
def project(services: int, shape: str) -> Iterator[Path]:
    with scratch() as made:
        write_project(made, services, shape)
        write_objects(made)
        run([MESHCTL, "-C", str(made), "gen", "--all"])  # what is rendered is kept, as of every project that is used
        yield made


@contextmanager
def cluster() -> Iterator[str]:
    """A control plane for this alone; gives its kubeconfig."""
    run([MESHCTL, "sandbox", "up", *SANDBOX])
    try:
        yield json.loads(run([MESHCTL, "sandbox", "status", *SANDBOX, "--output", "json"]))["kubeconfig"]
    finally:
        run([MESHCTL, "sandbox", "down", *SANDBOX])


def namespace(folder: Path, kubeconfig: str) -> Bench:
    """Made before the clock starts; it goes with its cluster."""
    it = Bench(folder, kubeconfig, f"benchmark-{next(_numbers)}")
    run(it.kubectl("create", "namespace", it.namespace))
    return it
