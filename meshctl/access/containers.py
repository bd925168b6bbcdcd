"""Which container of a pod is meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshctl.errors import UsageError, did_you_mean

ANNOTATION_DEFAULT = "kubectl.kubernetes.io/default-container"
SIDECARS = ("istio-proxy", "linkerd-proxy")  # put into pods by others, and sometimes before their own containers


def container_of(pod: Mapping[str, Any], asked: str = "") -> str:
    """The one that was asked for; else the one that the pod itself names; else the first that is no sidecar.

    Raises UsageError for one that the pod does not have.
    """
    spec = pod["spec"]
    names = [each["name"] for each in spec.get("containers") or ()]
    others = [each["name"] for group in ("initContainers", "ephemeralContainers") for each in spec.get(group) or ()]
    if asked:
        _refuse_unknown(pod, asked, [*names, *others])
        return asked
    named = (pod["metadata"].get("annotations") or {}).get(ANNOTATION_DEFAULT)
    if named in names:
        return str(named)
    return str(next((name for name in names if name not in SIDECARS), names[0]))


def _refuse_unknown(pod: Mapping[str, Any], asked: str, names: list[str]) -> None:
    if asked not in names:
        raise UsageError(
            f"pod {pod['metadata']['name']} has no container {asked!r}",
            suggestion=did_you_mean(asked, names) or f"it has {', '.join(names)}",
        )
