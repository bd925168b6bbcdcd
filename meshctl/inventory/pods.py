"""Pods by service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from meshctl.inventory.facts import age, images, since
from meshctl.inventory.reading import Body, Found, Query
from meshctl.inventory.scope import Scope
from meshctl.inventory.summary import summary


@dataclass(frozen=True)
class PodRow:
    """`phase` is the pod's own; `reason` is the word of kubectl's STATUS column where that is another, else empty.

    `message` is what a container that cannot run says. `age`, and `restarted` since the last restart (None without
    one), are in seconds.
    """

    name: str
    service: str
    phase: str
    ready: str
    restarts: int
    node: str
    reason: str
    message: str
    ip: str
    images: tuple[str, ...]
    age: int = field(compare=False)
    restarted: int | None = field(compare=False)

    @property
    def status(self) -> str:
        """The word of kubectl's STATUS column."""
        return self.reason or self.phase

    def record(self) -> dict[str, Any]:
        """The form of machine output."""
        names = ("name", "service", "phase", "ready", "restarts", "node", "reason")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Pods:
    """The view of the pods of a project's services."""

    scope: Scope

    def queries(self, found: Found) -> Sequence[Query]:  # noqa: ARG002 - one LIST is all it needs
        return [self.scope.narrowed(self.scope.made("v1", "Pod"))]

    def rows(self, found: Found) -> list[PodRow]:
        rows = [_row(body, self.scope.service_of(body)) for body in found.of("Pod")]
        return sorted((row for row in rows if self.scope.takes(row.service)), key=lambda row: (row.service, row.name))


def _row(body: Body, service: str) -> PodRow:
    status = body.get("status") or {}
    phase = status.get("phase") or "Unknown"
    summed = summary(body)
    return PodRow(
        name=body["metadata"]["name"],
        service=service,
        phase=phase,
        ready=f"{summed.ready}/{summed.total}",
        restarts=summed.restarts,
        node=body["spec"].get("nodeName") or "",
        reason="" if summed.word == phase else summed.word,
        message=summed.message,
        ip=status.get("podIP") or "",
        images=images(body),
        age=age(body),
        restarted=since(summed.last_restart) if summed.last_restart else None,
    )
