"""Rules of Kubernetes' own objects."""

from __future__ import annotations

from meshctl.check.kubernetes import images, services, shape

__all__ = ["images", "services", "shape"]
