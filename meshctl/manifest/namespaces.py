"""What the labels of a namespace that meshctl made say of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from meshctl.manifest.labels import LABEL_MANAGED_BY, LABEL_PROJECT, MANAGED_BY

LABEL_CREATED = "meshctl.dev/created"
ANNOTATION_EXPIRES = "meshctl.dev/expires"

Body = Mapping[str, Any]


def made_for(body: Body) -> str:
    """The project that meshctl made the namespace for; empty when it made it for none: then it is somebody else's."""
    labels = body["metadata"].get("labels") or {}
    return str(labels.get(LABEL_PROJECT, "")) if labels.get(LABEL_MANAGED_BY) == MANAGED_BY else ""


def made_by_meshctl(project: str = "") -> str:
    """The selector of such namespaces, of one project or of all."""
    return f"{LABEL_MANAGED_BY}={MANAGED_BY},{LABEL_PROJECT}" + (f"={project}" if project else "")


def expiry(body: Body) -> datetime | None:
    """None for one that has no end, or an end that nobody can read: then it stays."""
    text = (body["metadata"].get("annotations") or {}).get(ANNOTATION_EXPIRES) or ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def has_expired(body: Body, now: datetime) -> bool:
    end = expiry(body)
    return end is not None and end <= now and bool(made_for(body))
