"""M12: an old object of Istio's security replaced by policies of today, or kept as a comment with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from meshctl import yamlio
from meshctl.migrate.edits import commented
from meshctl.migrate.manifests import Manifest
from meshctl.migrate.rules.conditions import Inexpressible
from meshctl.migrate.rules.context import Context
from meshctl.migrate.rules.shapes import expect

ROOT = "istio-system"
WHY = "Istio has had no such kind since 1.6"
_SECURITY = "security.istio.io/v1"
_Maker = Callable[[Context, Manifest], list[dict[str, Any]]]


def document(manifest: Manifest) -> str:
    return manifest.source[manifest.start : manifest.end]


def convert(context: Context, manifest: Manifest, make: _Maker) -> bool:
    """Whether it could be carried over."""
    try:
        expect(manifest)
        bodies = make(context, manifest)
    except Inexpressible as reason:
        context.edits.tell("M12", "refused", manifest, manifest.node, f"{manifest} was not carried over", str(reason))
        context.edits.remove(manifest, commented(document(manifest), f"M12: {reason}"))
        return False
    made = ", ".join(f"{body['kind']} {body['metadata']['name']}" for body in bodies)
    told = f"{manifest} is now {made}" if made else f"{manifest}"
    context.edits.tell("M12", "changed" if made else "removed", manifest, manifest.node, told, WHY)
    context.edits.remove(manifest, yamlio.dump_all(bodies))
    return True


def policy(kind: str, name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": _SECURITY, "kind": kind, "metadata": metadata, "spec": spec}
