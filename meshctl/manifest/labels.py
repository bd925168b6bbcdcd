"""The labels and annotations by which meshctl knows what is its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMESPACE_SERVICE = "_namespace"  # stands for templates/_namespace/, which comes before every service

LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGED_BY = "meshctl"
LABEL_PART_OF = "app.kubernetes.io/part-of"  # the project
LABEL_SERVICE = "meshctl.dev/service"
LABEL_INJECT = "sidecar.istio.io/inject"  # on pod templates
LABEL_OWNER = "meshctl.dev/owner"  # on namespaces that meshctl made
LABEL_PROJECT = "meshctl.dev/project"  # on namespaces that meshctl made, and on pod templates
LABEL_NAMESPACE = "meshctl.dev/namespace"  # on objects outside of the developer's namespace: that namespace
ANNOTATION_CONFIG_HASH = "meshctl.dev/config-hash"  # on pod templates: of the ConfigMaps and Secrets they read
ANNOTATION_KEEP = "meshctl.dev/keep"  # "true": survives stop and prune

_NAMESPACE_LABEL = "meshctl.namespace"  # a label's value cannot begin with _, and no service can be called so


def service_label(service: str) -> str:
    """The value of LABEL_SERVICE for a service, or for NAMESPACE_SERVICE."""
    return _NAMESPACE_LABEL if service == NAMESPACE_SERVICE else service


def is_kept(body: Mapping[str, Any]) -> bool:
    """Whether the object is marked to survive stop and prune."""
    return (body["metadata"].get("annotations") or {}).get(ANNOTATION_KEEP) == "true"


def service_of(body: Mapping[str, Any], project: str) -> str:
    """The service of a pod, or of what else is made from a pod template; empty when it is another project's or none.

    A pod without LABEL_PROJECT counts as the project's.
    """
    labels = body["metadata"].get("labels") or {}
    if labels.get(LABEL_PROJECT, project) != project:
        return ""
    service = str(labels.get(LABEL_SERVICE, ""))
    return NAMESPACE_SERVICE if service == _NAMESPACE_LABEL else service
