"""Runs as events, at fixed times, to be shown by any printer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from meshctl.events import (
    Applied,
    Blocked,
    Deleted,
    ErrorRaised,
    Event,
    Failed,
    Finished,
    Planned,
    Pruned,
    Ready,
    Unchanged,
    Waiting,
    Warned,
)
from meshctl.identity import ObjectRef

BEGAN = 1_800_000_000.0


def planned(*services: str, action: str = "start") -> Planned:
    return Planned(
        action=action, namespace="dev-anna", context="kind-dev", services=services, objects=len(services), time=BEGAN
    )


def deployment(name: str) -> ObjectRef:
    return ObjectRef("apps/v1", "Deployment", "dev-anna", name)


def a_start() -> Iterable[Event]:
    """A run in which everything happens: changes, waits, a failure, what it blocks, a warning, an error."""
    yield replace(
        planned("postgres", "cache", "web", "admin"), prunes=(ObjectRef("v1", "ConfigMap", "dev-anna", "old"),)
    )
    yield Waiting(service="web", reason="postgres, cache", time=BEGAN + 0.1)
    yield Applied(service="postgres", object=deployment("postgres"), operation="created", time=BEGAN + 0.2)
    yield Unchanged(service="cache", object=deployment("cache"), time=BEGAN + 0.3)
    yield Pruned(service="cache", object=ObjectRef("v1", "ConfigMap", "dev-anna", "old"), time=BEGAN + 0.4)
    yield Waiting(service="postgres", reason="0 of 1 pods are ready", ready=0, wanted=1, time=BEGAN + 0.5)
    yield Ready(service="cache", seconds=0.7, ready=2, wanted=2, time=BEGAN + 1)
    yield Warned(service="cache", code="Deprecated", message="an API that goes", time=BEGAN + 1.5)
    yield Failed(
        service="postgres",
        code="ImagePullBackOff",
        message='the image "postgres:99" cannot be pulled',
        evidence=("Warning Failed pod/postgres-0: manifest unknown", "BackOff pulling image"),
        suggestion="check the tag",
        time=BEGAN + 62,
    )
    yield Blocked(service="web", by=("postgres",), time=BEGAN + 62)
    yield ErrorRaised(
        code="Forbidden", message="pods may not be listed", suggestion="ask for the right", time=BEGAN + 63
    )
    yield Finished(
        exit=1, seconds=63.2, counts={"ready": 1, "failed": 1, "blocked": 1, "applied": 1, "unchanged": 1, "pruned": 1,
                                      "deleted": 0}, time=BEGAN + 63.2,
    )  # fmt: skip


def a_stop() -> Iterable[Event]:
    yield planned("web", "cache", action="stop")
    yield Waiting(service="cache", reason="web", time=BEGAN + 0.1)
    yield Deleted(service="web", object=deployment("web"), time=BEGAN + 1)
    yield Deleted(service="web", time=BEGAN + 2)
    yield Deleted(service="cache", object=deployment("cache"), dry_run=True, time=BEGAN + 3)
    yield Finished(exit=130, seconds=3, counts={"deleted": 2, "not_begun": 1}, time=BEGAN + 3)
