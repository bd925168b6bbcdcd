"""Rules of Kubernetes' own objects."""

from __future__ import annotations

from meshctl.check.kubernetes import images, services

__all__ = ["images", "services"]
