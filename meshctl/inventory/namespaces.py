"""Developers' namespaces: whose they are, how old, and when they end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from meshctl.inventory.facts import age
from meshctl.inventory.reading import Body, Found, Query
from meshctl.manifest import LABEL_OWNER, LABEL_SERVICE, expiry, made_by_meshctl, made_for

_NAMESPACE = ("v1", "Namespace", "")


@dataclass(frozen=True)
class NamespaceRow:
    """`services` counts those that have pods, None where pods must not be listed. `expires` is in RFC 3339, empty
    without an end; `left` is the seconds until then, negative when it is past, None without an end."""

    name: str
    project: str
    owner: str
    phase: str
    services: int | None
    expires: str
    age: int = field(compare=False)
    left: int | None = field(compare=False)

    @property
    def expired(self) -> bool:
        return self.left is not None and self.left <= 0

    def record(self) -> dict[str, Any]:
        """The form of machine output."""
        names = ("name", "project", "owner", "phase", "services", "age", "expires", "expired")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Namespaces:
    """The view of those that meshctl made, for one project or for all."""

    project: str = ""

    def queries(self, found: Found) -> Sequence[Query]:
        """Pods only where there is a namespace that they may be in."""
        pods = [Query("v1", "Pod", "", LABEL_SERVICE)] if any(found.of("Namespace")) else []
        return [Query(*_NAMESPACE, made_by_meshctl(self.project)), *pods]

    def rows(self, found: Found) -> list[NamespaceRow]:
        """By name."""
        services: dict[str, set[str]] = defaultdict(set)
        for pod in found.of("Pod"):
            services[pod["metadata"]["namespace"]].add(pod["metadata"]["labels"][LABEL_SERVICE])
        now = datetime.now(UTC)
        rows = [
            _row(body, None if found.refused else len(services[body["metadata"]["name"]]), now)
            for body in found.of("Namespace")
        ]
        return sorted(rows, key=lambda row: row.name)


def _row(body: Body, services: int | None, now: datetime) -> NamespaceRow:
    metadata, end = body["metadata"], expiry(body)
    return NamespaceRow(
        name=metadata["name"],
        project=made_for(body),
        owner=(metadata.get("labels") or {}).get(LABEL_OWNER, ""),
        phase=(body.get("status") or {}).get("phase") or "Unknown",
        services=services,
        expires=end.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if end else "",
        age=age(body),
        left=int((end - now).total_seconds()) if end else None,
    )
