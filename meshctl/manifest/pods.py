"""Pods inside of workloads, and what they read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_TEMPLATE_PATHS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): (),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): ("spec", "template"),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("apps", "DaemonSet"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    **{("extensions", kind): ("spec", "template") for kind in ("Deployment", "DaemonSet", "ReplicaSet")},
    ("batch", "Job"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
}


def pod_template_path(group: str, kind: str) -> tuple[str, ...] | None:
    """Where a workload has its pod template; a Pod is its own; None for what makes no pods."""
    return _TEMPLATE_PATHS.get((group, kind))


def pod_template(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The pod template of a workload, the very object in its body; a Pod is its own; None where there is none."""
    group = str(body.get("apiVersion") or "").rpartition("/")[0]
    path = _TEMPLATE_PATHS.get((group, str(body.get("kind") or "")))
    if path is None:
        return None
    value: Any = body
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else None


def config_references(template: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The ConfigMaps and Secrets, as (kind, name), that a pod mounts or has in its environment.

    Not imagePullSecrets: a pod that runs does not see a change of those.
    """
    spec = _mapping(template.get("spec"))
    return {(kind, name) for kind, name in [*_volume_references(spec), *_environment_references(spec)] if name}


def _volume_references(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for volume in _mappings(spec.get("volumes")):
        sources = [volume, *_mappings(_mapping(volume.get("projected")).get("sources"))]
        for source in sources:
            yield "ConfigMap", _name(source.get("configMap"))
            yield "Secret", _name(source.get("secret"))


def _environment_references(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for container in _mappings(spec.get(field)):
            for source in _mappings(container.get("envFrom")):
                yield "ConfigMap", _name(source.get("configMapRef"))
                yield "Secret", _name(source.get("secretRef"))
            for variable in _mappings(container.get("env")):
                source = _mapping(variable.get("valueFrom"))
                yield "ConfigMap", _name(source.get("configMapKeyRef"))
                yield "Secret", _name(source.get("secretKeyRef"))


def _name(reference: Any) -> str:
    """A volume's Secret has `secretName`, everything else `name`."""
    mapping = _mapping(reference)
    return str(mapping.get("name") or mapping.get("secretName") or "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
