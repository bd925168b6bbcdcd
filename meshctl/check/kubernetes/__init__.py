"""Rules of Kubernetes' own objects."""

from __future__ import annotations

from meshctl.check.kubernetes import containers, images, names, references, services, shape, versions, workloads

__all__ = ["containers", "images", "names", "references", "services", "shape", "versions", "workloads"]
