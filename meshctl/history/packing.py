"""Manifests as they are stored: compressed, and Secrets by their names alone."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

from meshctl.errors import Where
from meshctl.identity import ObjectRef
from meshctl.manifest import Bundle, Locate, Manifest, Source
from meshctl.yamlio import Path

_SECRET = ("", "Secret")


def pack(bundle: Bundle) -> str:
    """Base64, as the data of a Secret is."""
    services = {name: [_without_values(each) for each in manifests] for name, manifests in bundle.services.items()}
    text = json.dumps(services, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpack(packed: str, namespace: str, origin: str) -> Bundle:
    """What `pack` made; `origin` says where the manifests come from when one of them fails."""
    services: dict[str, list[dict[str, Any]]] = json.loads(zlib.decompress(base64.b64decode(packed)))
    return Bundle(
        namespace,
        {
            name: tuple(Manifest(body, name, "", _located(origin)) for body in bodies)
            for name, bodies in services.items()
        },
    )


def _located(origin: str) -> Locate:
    """There is no line to tell: the template may be another by now."""
    place = Source(Where(origin), Where(origin))

    def locate(path: Path = (), *, key: bool = False) -> Source:  # noqa: ARG001
        return place

    return locate


def is_secret(ref: ObjectRef) -> bool:
    return ref.group_kind == _SECRET


def _without_values(manifest: Manifest) -> Mapping[str, Any]:
    if not is_secret(manifest.ref):
        return manifest.body
    metadata = {"name": manifest.ref.name, "namespace": manifest.ref.namespace}
    return {"apiVersion": manifest.ref.api_version, "kind": manifest.ref.kind, "metadata": metadata}
