"""Objects that were read from a cluster: what its server and its controllers added is not what somebody wrote."""

from __future__ import annotations

from typing import Any

from meshctl.importing.references import items, mapping
from meshctl.manifest import is_parent

_METADATA = frozenset(
    ("creationTimestamp", "generation", "managedFields", "ownerReferences", "resourceVersion", "selfLink", "uid")
)
_ANNOTATIONS = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "pv.kubernetes.io/bind-completed",
    "pv.kubernetes.io/bound-by-controller",
)
_SPEC: dict[str, tuple[str, ...]] = {
    "Service": ("clusterIP", "clusterIPs"),
    "PersistentVolumeClaim": ("volumeName",),
}
_MADE_FOR_ALL = {("ConfigMap", "kube-root-ca.crt"), ("ConfigMap", "istio-ca-root-cert"), ("ServiceAccount", "default")}
_DERIVED = frozenset(("Endpoints", "EndpointSlice", "Event", "Lease"))


def is_live(body: dict[str, Any]) -> bool:
    return bool(body["metadata"].get("uid") or body["metadata"].get("resourceVersion"))


def is_made_by_others(body: dict[str, Any]) -> bool:
    """Whether a controller made the object, and makes it again; or meshctl, for itself."""
    metadata = body["metadata"]
    owned = any(owner.get("controller") for owner in items(metadata.get("ownerReferences")))
    return is_parent(body) or (
        is_live(body) and (owned or body["kind"] in _DERIVED or (body["kind"], metadata["name"]) in _MADE_FOR_ALL)
    )


def as_written(body: dict[str, Any]) -> dict[str, Any]:
    """The object without what only its cluster could say; one that was not read from a cluster stays as it is."""
    if not is_live(body):
        return body
    metadata = {key: value for key, value in body["metadata"].items() if key not in _METADATA}
    annotations = {
        key: value for key, value in mapping(metadata.pop("annotations", None)).items() if key not in _ANNOTATIONS
    }
    if annotations:
        metadata["annotations"] = annotations
    kept = {key: value for key, value in body.items() if key != "status"}
    if isinstance(spec := kept.get("spec"), dict):
        given = _SPEC.get(str(body["kind"]), ())
        kept["spec"] = {key: value for key, value in spec.items() if key not in given or value in ("None", ["None"])}
    return {**kept, "metadata": metadata}
