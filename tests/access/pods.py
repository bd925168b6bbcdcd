"""Pods as an API server tells of them, as far as it matters who is chosen."""

from __future__ import annotations

from typing import Any

from meshctl.manifest import LABEL_PROJECT, LABEL_SERVICE


def pod(
    name: str, *, created: int = 0, ready: bool = True, phase: str = "Running", leaving: bool = False, **labels: str
) -> dict[str, Any]:
    """`created` is the minute; the newest has the highest."""
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": "dev-anna",
        "uid": name,
        "creationTimestamp": f"2026-01-01T10:{created:02}:00Z",
        "labels": {LABEL_SERVICE: "web", LABEL_PROJECT: "shop", "app": "web", **labels},
    }
    if leaving:
        metadata["deletionTimestamp"] = "2026-01-01T11:00:00Z"
    status = {"phase": phase, "conditions": [{"type": "Ready", "status": str(ready)}]}
    ports = [{"name": "http", "containerPort": 8080}, {"containerPort": 9000}]
    spec = {"containers": [{"name": "main", "ports": ports}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}
