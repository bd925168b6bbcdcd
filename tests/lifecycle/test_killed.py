"""Runs that are interrupted, terminated or killed at any moment, and simply run again."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import forking
import pytest

from meshctl.cluster import Cluster
from meshctl.identity import ObjectRef

SEEDS = range(50)
CONFIG = """\
project: shop
vars: {tag: v1}
service:
  db: {}
  cache: {}
  api: {needs: [db]}
  web: {needs: [api, cache]}
"""
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ service.name }}}
data: {tag: "{{ tag }}"}
---
apiVersion: v1
kind: Secret
metadata: {name: {{ service.name }}}
stringData: {password: "{{ tag }}"}
{%- if service.name == "web" %}
---
apiVersion: v1
kind: Service
metadata: {name: {{ service.name }}}
spec: {selector: {app: {{ service.name }}}, ports: [{name: http, port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ service.name }}}
spec:
  replicas: 0
  selector: {matchLabels: {app: {{ service.name }}}}
  template:
    metadata: {labels: {app: {{ service.name }}}}
    spec: {containers: [{name: main, image: "registry.local/{{ service.name }}:{{ tag }}"}]}
{%- endif %}
"""
KINDS = (("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("apps/v1", "Deployment"))
LEASES = ("coordination.k8s.io/v1", "Lease")
FOREIGN: tuple[dict[str, str], ...] = (
    {},
    {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/part-of": "shop"},
    {"app.kubernetes.io/managed-by": "meshctl", "app.kubernetes.io/part-of": "another", "meshctl.dev/service": "web"},
)


class Runner:
    """Commands in one project and namespace, each in a process of its own."""

    def __init__(self, program: subprocess.Popen[str], options: list[str], folder: Path) -> None:
        self._program = program
        self._options = options
        self._output = folder / "output"

    def begin(self, *arguments: str) -> int:
        """Its process."""
        order = {"arguments": [*self._options, *arguments], "output": str(self._output)}
        assert self._program.stdin
        self._program.stdin.write(json.dumps(order) + "\n")
        self._program.stdin.flush()
        return int(self._line())

    def end(self) -> int:
        """Its exit code, negative where a signal ended it."""
        return os.waitstatus_to_exitcode(int(self._line()))

    def whole(self, *arguments: str) -> float:
        """Runs undisturbed, well, in so many seconds."""
        began = time.monotonic()
        self.begin(*arguments)
        assert self.end() == 0, self.told
        return time.monotonic() - began

    @property
    def told(self) -> str:
        return self._output.read_text()

    def _line(self) -> str:
        assert self._program.stdout
        return self._program.stdout.readline()


@pytest.fixture
def runner(tmp_path: Path, sandbox_kubeconfig: Path, namespace: str) -> Iterator[Runner]:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "dev.yaml").write_text(CONFIG)
    for service in ("db", "cache", "api", "web"):
        (tmp_path / "templates" / service).mkdir(parents=True)
        (tmp_path / "templates" / service / "all.yaml.j2").write_text(TEMPLATE)
    options = ["-C", str(tmp_path), "--kubeconfig", str(sandbox_kubeconfig), "-n", namespace]
    command = [sys.executable, forking.__file__]
    # A signal that becomes an error while coverage holds its own lock would leave that held for ever.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as program:
        yield Runner(program, options, tmp_path)
        assert program.stdin
        program.stdin.close()


def snapshot(cluster: Cluster, namespace: str) -> dict[ObjectRef, Any]:
    """Everything of the services, without what the server makes of it anew each time; the history only grows."""
    ours = "app.kubernetes.io/part-of=shop,app.kubernetes.io/managed-by=meshctl,meshctl.dev/service"
    found = [body for kind in KINDS for body in cluster.list(*kind, namespace, labels=ours).items]
    return {ObjectRef.of(body): _lasting(body) for body in found}


def _lasting(body: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: body["metadata"].get(key) for key in ("labels", "annotations", "finalizers", "deletionTimestamp")}
    annotations = dict(metadata["annotations"] or {})
    annotations.pop("deployment.kubernetes.io/revision", None)
    text = json.dumps({**body, "metadata": {**metadata, "annotations": annotations}, "status": None})
    lasting: dict[str, Any] = json.loads(text)
    spec = lasting.get("spec") or {}
    for made in ("clusterIP", "clusterIPs"):
        spec.pop(made, None)
    with suppress(KeyError):
        spec["template"]["metadata"].pop("annotations")
    return lasting


def foreign(cluster: Cluster, namespace: str) -> list[tuple[str, str]]:
    """Names and versions: they change with every write, whatever it writes."""
    bodies = cluster.list("v1", "ConfigMap", namespace).items
    return [
        (each["metadata"]["name"], each["metadata"]["resourceVersion"])
        for each in bodies
        if each["metadata"]["name"].startswith("foreign-")
    ]


SIGNALS = ([signal.SIGKILL], [signal.SIGINT], [signal.SIGTERM], [signal.SIGINT, signal.SIGINT])


def disturb(runner: Runner, seed: int, seconds: float) -> list[str]:
    """Begins some run and signals it at some moment. Gives the run that would bring about what was wanted."""
    chance = random.Random(seed)  # noqa: S311 no secret
    start = ["start", "--set", f"vars.tag=v{seed}"]
    disturbed, goal = chance.choice(
        [(start, start), (start, start), (["stop", "--all"], ["stop", "--all"]), (["restart", "--all"], start)]
    )
    pid = runner.begin(*disturbed)
    time.sleep(chance.uniform(0, seconds))
    for number in chance.choice(SIGNALS):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    code = runner.end()
    assert code in (0, 130, 143, -signal.SIGKILL) or disturbed[0] == "restart", runner.told
    assert "Traceback" not in runner.told
    return goal


@pytest.mark.timeout(420)
def test_whatever_ends_a_run_the_next_one_finishes_the_work(cluster: Cluster, namespace: str, runner: Runner) -> None:
    for number, labels in enumerate(FOREIGN):
        metadata = {"name": f"foreign-{number}", "namespace": namespace, "labels": labels}
        cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}})
    theirs = foreign(cluster, namespace)
    seconds = runner.whole("start")
    wanted = json.dumps([[str(ref), body] for ref, body in snapshot(cluster, namespace).items()])
    for seed in SEEDS:
        goal = disturb(runner, seed, seconds)
        runner.whole(*goal)
        left = json.dumps([[str(ref), body] for ref, body in snapshot(cluster, namespace).items()])
        assert left == ("[]" if goal[0] == "stop" else of_tag(wanted, seed)), f"after seed {seed}"
        assert cluster.list(*LEASES, namespace).items == [], f"after seed {seed}"
        assert foreign(cluster, namespace) == theirs, f"after seed {seed}"


def of_tag(state: str, seed: int) -> str:
    """The state of tag v1 as another tag would have it: in texts, and in Secrets."""
    import base64

    old, new = (base64.b64encode(text.encode()).decode() for text in ("v1", f"v{seed}"))
    return state.replace('"v1"}', f'"v{seed}"}}').replace(':v1"', f':v{seed}"').replace(old, new)
