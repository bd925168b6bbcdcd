"""What is known of the API server's own kinds: it stores them decoded, so values come back in its own spelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

GROUPS = frozenset({
    "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps",
    "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io",
    "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io", "networking.k8s.io",
    "node.k8s.io", "policy", "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
})  # fmt: skip

KEY_DEFAULTS: Mapping[str, Any] = {"protocol": "TCP"}  # of keys of lists: ports are told apart by number and protocol

# A list or map that is owned as a whole comes back with defaults inside; which fields are defaults only the schema
# knows, so those that the server puts into such places are named here. A missing one costs a needless apply, no more.
DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "apiGroup": ("rbac.authorization.k8s.io",),  # subjects of a RoleBinding
    "apiVersion": ("v1",),  # fieldRef, volumeClaimTemplates
    "defaultMode": (420,),
    "divisor": ("0",),
    "expirationSeconds": (3600,),  # projected service account tokens
    "kind": ("PersistentVolumeClaim",),  # volumeClaimTemplates
    "matchPolicy": ("Equivalent",),
    "name": ("",),  # an EndpointSlice's port
    "port": (443,),  # a webhook's service
    "protocol": ("TCP",),
    "scheme": ("HTTP",),
    "scope": ("*",),  # a webhook's rules
    "status": ({"phase": "Pending"}, "True"),  # volumeClaimTemplates; a Job's podFailurePolicy
    "volumeMode": ("Filesystem",),
}

_QUANTITIES = frozenset({"averageValue", "divisor", "sizeLimit"})
_MAPS_OF_QUANTITIES = frozenset({
    "capacity", "default", "defaultRequest", "hard", "limits", "max", "maxLimitRequestRatio", "min", "overhead",
    "podFixed", "requests",
})  # fmt: skip
_MAPS_OF_TEXT = frozenset({"annotations", "binaryData", "data", "labels", "matchLabels", "nodeSelector"})


def is_builtin(api_version: str) -> bool:
    """Whether the server knows the kind itself; custom resources are stored word for word."""
    return api_version.rpartition("/")[0] in GROUPS


def is_quantity(path: tuple[str, ...]) -> bool:
    """Whether a built-in kind has a quantity (`500m`, `1Gi`) at this path of keys."""
    parent, name = ("", *path)[-2:]
    if parent in _MAPS_OF_TEXT:
        return False
    if name == "value":  # a metric's target, not a variable's value
        return path[:2] == ("spec", "metrics")
    return name in _QUANTITIES or parent in _MAPS_OF_QUANTITIES


def is_dropped_when_empty(path: tuple[str, ...]) -> bool:
    """Whether an empty map here is as good as none; elsewhere it may be a choice, such as `emptyDir: {}`."""
    return path[-1:] != () and path[-1] in _MAPS_OF_TEXT | _MAPS_OF_QUANTITIES


def is_default(key: str, value: Any) -> bool:
    """Whether the server may have put this in by itself."""
    return value in DEFAULTS.get(key, ())


def limits_as_kept(limits: list[Any]) -> list[Any]:
    """A LimitRange's items with what the server derives: a container's default from its max, its request from both."""
    return [_limit_as_kept(item) if isinstance(item, dict) else item for item in limits]


def _limit_as_kept(item: dict[str, Any]) -> dict[str, Any]:
    if item.get("type") != "Container":
        return item
    default = {**(item.get("max") or {}), **(item.get("default") or {})}
    request = {**(item.get("min") or {}), **default, **(item.get("defaultRequest") or {})}
    derived = {"default": default, "defaultRequest": request}
    return {**item, **{key: value for key, value in derived.items() if value}}
