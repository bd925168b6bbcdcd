"""Small projects for tests of the engine: services with their manifests, made without config files or templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from projects import project

from meshctl.config import Config, Wait
from meshctl.errors import Where
from meshctl.manifest import (
    LABEL_MANAGED_BY,
    LABEL_MEMBER,
    LABEL_NAMESPACE,
    LABEL_PART_OF,
    LABEL_PROJECT,
    LABEL_SERVICE,
    MANAGED_BY,
    ApplySet,
    Bundle,
    Manifest,
    Source,
    pod_template,
)
from meshctl.plan import Plan, Selection, select

Body = dict[str, Any]
LABEL_FAIL = "sandbox.meshctl.dev/fail"
START_DELAY = "sandbox.meshctl.dev/start-delay"


@dataclass(frozen=True)
class Shop:
    """A config with the bodies of its services, in one namespace."""

    config: Config
    bodies: Mapping[str, Sequence[Body]]

    def plan(self, *services: str, closure: bool = True) -> Plan:
        return select(self.config, Selection(services=services, all=not services), closure=closure)

    def bundle(self, *services: str) -> Bundle:
        names = [name for name in self.bodies if name.startswith("_")] + [*self.plan(*services).services]
        return Bundle(self.config.namespace, {name: tuple(self._manifests(name)) for name in names})

    def waiting(self, service: str, timeout: float | None = None, for_: str = "ready") -> Shop:
        """The same shop with a `wait` of that service."""
        declared = replace(self.config.services[service], wait=Wait(timeout, for_))
        services = {**self.config.services, service: declared}
        return replace(self, config=replace(self.config, services=services))

    def with_bodies(self, service: str, *bodies: Body) -> Shop:
        return replace(self, bodies={**self.bodies, service: bodies})

    def _manifests(self, service: str) -> Iterator[Manifest]:
        for number, body in enumerate(self.bodies.get(service, ())):
            file = f"{service}/{number}.yaml"
            place = Where(file, 1, 1)
            source = Source(place, place)
            yield Manifest(labelled(body, self.config, service), service, file, lambda *_, source=source, **__: source)


def shop(namespace: str, services: Mapping[str, Iterable[str]], **bodies: Sequence[Body]) -> Shop:
    """`services` are names with their needs; whose bodies are not given has one Deployment of its name.

    A service's dashes are underscores in the name of its argument.
    """
    config = project({name: tuple(needs) for name, needs in services.items()})
    given = {name.replace("_", "-") if not name.startswith("_") else name: each for name, each in bodies.items()}
    every = {name: [deployment(name)] for name in services} | given
    return Shop(replace(config, namespace=namespace), every)


def labelled(body: Body, config: Config, service: str) -> Body:
    """As render labels it."""
    made = deepcopy(body)
    metadata = made["metadata"]
    if made["kind"] not in ("Namespace", "CustomResourceDefinition", "ClusterRole"):
        metadata.setdefault("namespace", config.namespace)
    value = service.replace("_", "meshctl.")
    ours = {LABEL_MANAGED_BY: MANAGED_BY, LABEL_PART_OF: config.project, LABEL_SERVICE: value}
    ours[LABEL_MEMBER] = ApplySet(config.project, config.namespace, service).id
    if metadata.get("namespace") != config.namespace:
        ours = {LABEL_NAMESPACE: config.namespace, **ours}
    metadata["labels"] = {**ours, **(metadata.get("labels") or {})}
    if (template := pod_template(made)) and made["kind"] != "Pod":
        labels = template.setdefault("metadata", {}).setdefault("labels", {})
        labels.update({LABEL_SERVICE: value, LABEL_PROJECT: config.project})
    return made


def deployment(name: str, *, fail: str = "", delay: str = "", replicas: int = 1, **spec: Any) -> Body:
    """`fail` is one of the sandbox's ways to fail, `delay` makes its pods start late: `2s`."""
    whole = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": pods(name, fail, delay)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {**whole, **spec}}


def pods(name: str, fail: str = "", delay: str = "") -> Body:
    labels = {"app": name, **({LABEL_FAIL: "SlowStart" if delay else fail} if fail or delay else {})}
    annotations = {START_DELAY: delay} if delay else {}
    container = {"name": name, "image": f"registry.local/{name}:1", "resources": {"requests": {"cpu": "10m"}}}
    return {"metadata": {"labels": labels, "annotations": annotations}, "spec": {"containers": [container]}}


def config_map(name: str, **data: str) -> Body:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def service(name: str) -> Body:
    spec = {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def job(name: str, image: str = "job:1") -> Body:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": name, "image": image}]}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template": template}}


def stateful_set(name: str) -> Body:
    """With a claim for each pod."""
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    spec = {
        "serviceName": name,
        "selector": {"matchLabels": {"app": name}},
        "template": pods(name),
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
    }
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}, "spec": spec}


def definition(group: str) -> Body:
    """Of the kind Widget."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Widget", "plural": "widgets", "singular": "widget"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def widget(group: str, name: str = "w") -> Body:
    return {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": name}, "spec": {"size": 1}}
