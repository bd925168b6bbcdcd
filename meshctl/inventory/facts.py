"""What every table asks of an object."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from meshctl.manifest import pod_template


def age(body: Mapping[str, Any]) -> int:
    """Seconds since the object was created; 0 for one that does not say."""
    return since(body["metadata"].get("creationTimestamp") or "")


def since(moment: str) -> int:
    """Whole seconds since a moment in RFC 3339, never negative: clocks differ."""
    return max(0, int(time.time() - datetime.fromisoformat(moment).timestamp())) if moment else 0


def images(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The images of a workload's or pod's containers, without sidecars and init containers; each once, sorted."""
    spec = (pod_template(body) or {}).get("spec") or {}
    return tuple(sorted({container.get("image") or "" for container in spec.get("containers") or ()} - {""}))
