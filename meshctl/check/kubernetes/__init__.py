"""Rules of Kubernetes' own objects."""

from __future__ import annotations

from meshctl.check.kubernetes import (
    access,
    containers,
    hygiene,
    images,
    names,
    references,
    routing,
    scaling,
    services,
    shape,
    versions,
    warned,
    workloads,
)

__all__ = [
    "access",
    "containers",
    "hygiene",
    "images",
    "names",
    "references",
    "routing",
    "scaling",
    "services",
    "shape",
    "versions",
    "warned",
    "workloads",
]
