"""Projects of any size, and the same objects as plain manifests.

    python -m benchmarks.project FOLDER --services 200 --shape tree

writes FOLDER/configs and FOLDER/templates for meshctl, and FOLDER/manifests with a kustomization.yaml for kubectl. A
service is a ConfigMap, a Deployment, a Service and a VirtualService, each in a file of its own.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from string import Template

import yaml

# The numbers of the services that a service needs, by its own number.
SHAPES: dict[str, Callable[[int], list[int]]] = {
    "tree": lambda number: [number // 3] if number else [],
    "chain": lambda number: [number - 1] if number else [],
    "flat": lambda _number: [],
}

# `$replicas`, `$environment`, `$registry` and `$tag` are variables in a template, and values in a manifest.
FILES = {
    "configmap.yaml": Template("""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: $name
data:
  $name.yaml: |
    listen: 0.0.0.0:8080
    environment: $environment
    upstream: http://$upstream
"""),
    "dm.yaml": Template("""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: $name
  labels: {app: $name}
spec:
  replicas: $replicas
  selector:
    matchLabels: {app: $name}
  template:
    metadata:
      labels: {app: $name, version: v1}
    spec:
      containers:
      - name: $name
        image: $registry/$name:$tag
        ports:
        - {name: http, containerPort: 8080}
        env:
        - {name: RUN_ENV, value: $environment}
        readinessProbe:
          httpGet: {path: /healthz, port: http}
        resources:
          requests: {cpu: 10m, memory: 16Mi}
        volumeMounts:
        - {name: config, mountPath: /etc/config}
      volumes:
      - name: config
        configMap: {name: $name}
"""),
    "service.yaml": Template("""\
apiVersion: v1
kind: Service
metadata:
  name: $name
spec:
  selector: {app: $name}
  ports:
  - {name: http, port: 80, targetPort: http}
"""),
    "istio.yaml": Template("""\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: $name
spec:
  hosts: [$name]
  http:
  - timeout: 5s
    retries: {attempts: 2, perTryTimeout: 1s}
    route:
    - destination: {host: $name}
"""),
}
IN_MANIFEST = {"environment": "TEST", "registry": "registry.local", "tag": "1.0.0", "replicas": "1"}
IN_TEMPLATE = {variable: f"{{{{ {variable} }}}}" for variable in IN_MANIFEST}
CONFIG = """\
project: benchmark
vars: {environment: TEST, registry: registry.local, tag: 1.0.0, replicas: 1}

service:
"""


def write_project(folder: Path, services: int, shape: str = "tree") -> None:
    """`shape`: in a tree service i needs service i//3, in a chain the one before it, and flat ones need none."""
    names = [f"service-{number:04}" for number in range(services)]
    config = CONFIG
    for number, name in enumerate(names):
        needs = [names[needed] for needed in SHAPES[shape](number)]
        config += f"  {name}: {{needs: [{', '.join(needs)}]}}\n"
        write_service(folder, name, upstream=needs[0] if needs else name)
    write(folder / "configs/dev.yaml", config)
    resources = [f"- {name}/{file}\n" for name in names for file in FILES]
    write(folder / "manifests/kustomization.yaml", "resources:\n" + "".join(resources))


def write_service(folder: Path, name: str, upstream: str) -> None:
    for file, text in FILES.items():
        write(folder / "templates" / name / file, text.substitute(IN_TEMPLATE, name=name, upstream=upstream))
        write(folder / "manifests" / name / file, text.substitute(IN_MANIFEST, name=name, upstream=upstream))


def write_objects(folder: Path) -> Path:
    """The manifests as a list of JSON, for `benchmarks.limit`."""
    found = [yaml.safe_load(file.read_text()) for file in sorted((folder / "manifests").glob("*/*.yaml"))]
    write(folder / "objects.json", json.dumps(found))
    return folder / "objects.json"


def write_chart(folder: Path) -> Path:
    """The manifests as a chart of helm's."""
    chart = folder / "chart"
    write(chart / "Chart.yaml", "apiVersion: v2\nname: benchmark\nversion: 1.0.0\n")
    for file in (folder / "manifests").glob("*/*.yaml"):
        write(chart / "templates" / file.parent.name / file.name, file.read_text())
    return chart


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.project", description="Write a project.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--services", type=int, default=200)
    parser.add_argument("--shape", choices=SHAPES, default="tree")
    arguments = parser.parse_args()
    write_project(arguments.folder, arguments.services, arguments.shape)
