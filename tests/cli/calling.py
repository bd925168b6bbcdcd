"""How the tests of the command line call it, and the project that they call it in."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Meshctl = Callable[..., Outcome]


def process(
    *arguments: str, directory: Path | None = None, environ: Mapping[str, str] | None = None, program: str = ""
) -> Outcome:
    """Runs meshctl as its users do, in a process of its own; `environ` is all that it sees of the environment."""
    command = [sys.executable, "-m", "meshctl"] if not program else [program]
    kept = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "COLUMNS": "80"}
    ended = subprocess.run(
        [*command, *arguments],
        capture_output=True,
        text=True,
        cwd=directory,
        env={**kept, **(environ or {})},
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    return Outcome(ended.returncode, ended.stdout, ended.stderr)


CONFIG = """\
project: shop
namespace: dev-anna
vars:
  tag: v1
  replicas: 2
service:
  postgres: {}
  cache: {}
  web:
    needs: [postgres, cache]
    vars: {replicas: 3}
must_deps: [postgres]
high_priority_deps: [postgres]
service_group:
  storage: [postgres, cache]
  site: ["@storage", web]
"""
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ service.name }}}
data: {tag: "{{ tag }}", replicas: "{{ replicas }}"}
"""


def write_project(folder: Path, config: str = CONFIG, services: tuple[str, ...] = ("postgres", "cache", "web")) -> Path:
    """A project of a few ConfigMaps."""
    (folder / "configs").mkdir(parents=True)
    (folder / "configs" / "dev.yaml").write_text(config)
    for service in services:
        (folder / "templates" / service).mkdir(parents=True)
        (folder / "templates" / service / "config.yaml.j2").write_text(TEMPLATE)
    return folder


def write_kubeconfig(file: Path, server: str) -> Path:
    """A kubeconfig of one context, `a`, that leads to this server."""
    file.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n"
        f"clusters: [{{name: a, cluster: {{server: '{server}'}}}}]\nusers: [{{name: a, user: {{}}}}]\n"
    )
    return file


TWO_SERVICES = """\
project: shop
vars: {tag: v1, fail: ""}
service:
  cache: {}
  web: {needs: [cache]}
"""
OF_A_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ service.name }}}
spec:
  selector: {matchLabels: {app: {{ service.name }}}}
  template:
    metadata:
      labels: {app: {{ service.name }}, sandbox.meshctl.dev/fail: "{{ fail }}"}
    spec: {containers: [{name: main, image: "registry.local/{{ service.name }}:{{ tag }}"}]}
---
apiVersion: v1
kind: Service
metadata: {name: {{ service.name }}}
spec: {selector: {app: {{ service.name }}}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ service.name }}}
data: {tag: "{{ tag }}"}
"""


def events(outcome: Outcome) -> list[dict[str, Any]]:
    return [json.loads(line) for line in outcome.out.splitlines()]
