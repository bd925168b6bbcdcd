"""Mixer's handlers and instances, in the form of 1.0, a kind for each adapter, as in that of later versions."""

from __future__ import annotations

from typing import Any

from meshctl.migrate.manifests import Manifest

GROUP = "config.istio.io"


def adapter(manifest: Manifest) -> str:
    """What an object is in terms of Mixer's adapters and templates."""
    if manifest.kind == "handler":
        return str(manifest.get("spec", "compiledAdapter") or manifest.get("spec", "adapter") or "")
    if manifest.kind == "instance":
        return str(manifest.get("spec", "compiledTemplate") or manifest.get("spec", "template") or "")
    return manifest.kind


def parameters(manifest: Manifest) -> dict[str, Any]:
    spec = manifest.get("spec") or {}
    return (spec.get("params") or {}) if manifest.kind in ("handler", "instance") else spec
