"""Values of Secrets, looked for in everything that every command says, on good days and on bad ones."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from calling import Meshctl
from faults import Fault, FaultyProxy
from test_guards import OFFLINE, READS, WRITES

from meshctl.cli.program import load
from meshctl.cluster import Cluster

MARKS = ("swordfish-in-strings", "31415926535", 'swordfish "quoted"\nswordfish-line-two')
CONFIG = """\
project: shop
service: {web: {}}
vars: {broken: ""}
"""
TEMPLATE = """\
apiVersion: v1
kind: Secret
metadata: {name: {{ service.name }}}
stringData:
  password: {{ password }}
  lines: {{ lines | tojson }}
{%- if broken == "number" %}
  number: {{ number }}
{%- elif broken == "data" %}
data: {other: {{ password }}}
{%- elif broken == "twice" %}
  password: {{ password }}
{%- elif broken == "yaml" %}
  other: {{ password }}: {{ password }}
{%- elif broken == "key" %}
  "{{ password }}
{%- elif broken == "field" %}
notes: {{ password }}
{%- elif broken == "list" %}
  - {{ password }}
{%- elif broken == "jinja" %}
  other: {{ password | int / password }}
{%- endif %}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ service.name }}}
spec:
  selector: {matchLabels: {app: {{ service.name }}}}
  template:
    metadata: {labels: {app: {{ service.name }}}}
    spec: {containers: [{name: main, image: web, envFrom: [{secretRef: {name: {{ service.name }}}}]}]}
"""
BROKEN = ("number", "data", "twice", "yaml", "key", "field", "list", "jinja")
SET = [
    ("--set-string", f"vars.{name}={value}") for name, value in zip(("password", "number", "lines"), MARKS, strict=True)
]
VALUES = tuple(part for pair in SET for part in pair)
# Where the values belong; what shows the config's own values; what a program says, or goes on for ever.
NOT_RUN = {"gen", "config view", "config origins", "exec", "port-forward"}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "dev.yaml").write_text(CONFIG)
    (tmp_path / "templates" / "web").mkdir(parents=True)
    (tmp_path / "templates" / "web" / "all.yaml.j2").write_text(TEMPLATE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def proxy(sandbox_kubeconfig: Path, project: Path) -> Iterator[FaultyProxy]:
    with FaultyProxy(sandbox_kubeconfig, project) as proxy:
        yield proxy


def leaks(*told: str) -> list[str]:
    """Marks that are told, as they are or encoded."""
    text = "\n".join(told)
    parts = [part for mark in MARKS for part in (*mark.splitlines(), base64.b64encode(mark.encode()).decode())]
    return [part for part in parts if part in text or json.dumps(part)[1:-1] in text]


def echo(status: int, reason: str = "") -> Fault:
    """A server, or a webhook, that says no to a Secret and quotes what it was sent."""

    def fault(handler: Any) -> bool:
        sent = handler.content.decode()
        causes = [{"field": "stringData", "message": f"Invalid value: {sent}"}]
        body = {"kind": "Status", "status": "Failure", "code": status, "reason": reason, "message": f"no: {sent}"}
        whole = json.dumps({**body, "details": {"causes": causes}}).encode()
        handler.reply(status, whole, {"Content-Type": "application/json"})
        return True

    return fault


def test_no_command_tells_them(meshctl: Meshctl, proxy: FaultyProxy, unused_namespace: str) -> None:
    """From start to stop, in every form of every command, also told more than usual."""
    where = ("--kubeconfig", str(proxy.kubeconfig), "-n", unused_namespace, "-v", *VALUES)
    assert meshctl(*where, "start").code == 0
    rows = {**READS, **{name: WRITES[name] for name in sorted(WRITES)}, **dict.fromkeys(sorted(OFFLINE), ())}
    for name, arguments in rows.items():
        if name in NOT_RUN or name.startswith(("sandbox", "init")):
            continue
        for form in _forms(name):
            outcome = meshctl(*where, "-o", form, *name.split(), *arguments)
            assert leaks(outcome.out, outcome.err) == [], name
    assert leaks(meshctl(*where, "stop", "--all").out) == []


def _forms(name: str) -> tuple[str, ...]:
    """All of them; of a run one, as all are made of the same events."""
    command = load(name)
    return ("json",) if command.stream == "events" else command.forms


@pytest.mark.parametrize("fault", [echo(422, "Invalid"), echo(400), echo(403, "Forbidden"), echo(409, "Conflict")])
def test_no_refusal_tells_them(meshctl: Meshctl, proxy: FaultyProxy, namespace: str, fault: Fault) -> None:
    where = ("--kubeconfig", str(proxy.kubeconfig), "-n", namespace, "-v", "-o", "json", *VALUES)
    for name in ("start", "diff"):
        proxy.inject(fault, times=2, on="PATCH", path="/secrets/web")
        outcome = meshctl(*where, name, "web")
        assert outcome.code != 0
        assert "***" in outcome.out + outcome.err
        assert leaks(outcome.out, outcome.err) == []


@pytest.mark.parametrize("broken", BROKEN)
def test_no_mistake_in_a_template_tells_them(
    meshctl: Meshctl, sandbox_kubeconfig: Path, namespace: str, broken: str
) -> None:
    where = ("--kubeconfig", str(sandbox_kubeconfig), "-n", namespace, "--set", f"vars.broken={broken}", "-v", *VALUES)
    for name in ("start --no-wait", "diff", "check", "gen"):
        outcome = meshctl(*where, *name.split(), "web")
        assert leaks(outcome.out, outcome.err) == [], name


def test_nothing_that_is_kept_has_them_but_the_secrets(
    meshctl: Meshctl, cluster: Cluster, sandbox_kubeconfig: Path, namespace: str
) -> None:
    """What meshctl stores beside them: records of its sets, of its runs, of the lock."""
    assert meshctl("--kubeconfig", str(sandbox_kubeconfig), "-n", namespace, "start", "-q", *VALUES).code == 0
    kinds = (("v1", "ConfigMap"), ("apps/v1", "Deployment"), ("coordination.k8s.io/v1", "Lease"), ("v1", "Event"))
    assert leaks(json.dumps([cluster.list(*kind, namespace).items for kind in kinds])) == []


def test_an_interrupted_run_does_not_tell_them(sandbox_kubeconfig: Path, unused_namespace: str) -> None:
    where = ("--kubeconfig", str(sandbox_kubeconfig), "-n", unused_namespace, "-v")
    command = [sys.executable, "-m", "meshctl", *where, *VALUES, "start"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout
        for line in running.stdout:
            if "created" in line:
                break
        running.send_signal(signal.SIGINT)
        assert leaks(running.stdout.read()) == []
