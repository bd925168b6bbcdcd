"""Whose pods began before the configuration that they read was changed last: pure functions of what is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from meshctl.manifest import config_references, pod_template

Body = Mapping[str, Any]


def is_outdated(workload: Body, pods: Iterable[Body], configuration: Iterable[Body]) -> bool:
    """Whether a ConfigMap or Secret that it mounts or has in its environment is younger than one of its pods.

    The server's times are whole seconds: a change within a pod's first second counts as seen.
    """
    read = config_references(pod_template(workload) or {})
    changes = [changed_at(body) for body in configuration if (body["kind"], body["metadata"]["name"]) in read]
    began = [str(pod["metadata"]["creationTimestamp"]) for pod in pods if _is_of(pod, workload)]
    return bool(changes and began) and max(changes) > min(began)


def changed_at(body: Body) -> str:
    """When anybody wrote it last, in RFC 3339; every server writes the same form, so the texts compare as times."""
    metadata = body["metadata"]
    times = [str(entry["time"]) for entry in metadata.get("managedFields") or () if entry.get("time")]
    return max(times, default=str(metadata.get("creationTimestamp") or ""))


def _is_of(pod: Body, workload: Body) -> bool:
    """By its labels, which the workload's selector must have; one that is on its way out does not count."""
    selector = (workload["spec"].get("selector") or {}).get("matchLabels") or {}
    labels = pod["metadata"].get("labels") or {}
    return selector.items() <= labels.items() and "deletionTimestamp" not in pod["metadata"]
