"""Objects as they are going to be applied: their labels, their order, their scope, and what they refer to."""

from __future__ import annotations

from meshctl.manifest.addresses import Address, expanded
from meshctl.manifest.applyset import LABEL_MEMBER, ApplySet, is_parent, kinds_of, namespaces_of
from meshctl.manifest.bundle import Bundle, Locate, Manifest, Source
from meshctl.manifest.images import Image, parse_image, with_images
from meshctl.manifest.kinds import WORKLOADS, is_namespaced, order_key
from meshctl.manifest.labels import (
    ANNOTATION_CONFIG_HASH,
    ANNOTATION_KEEP,
    LABEL_INJECT,
    LABEL_MANAGED_BY,
    LABEL_NAMESPACE,
    LABEL_OWNER,
    LABEL_PART_OF,
    LABEL_PROJECT,
    LABEL_SERVICE,
    MANAGED_BY,
    NAMESPACE_SERVICE,
    is_kept,
    service_label,
    service_of,
)
from meshctl.manifest.namespaces import (
    ANNOTATION_EXPIRES,
    LABEL_CREATED,
    expiry,
    has_expired,
    made_by_meshctl,
    made_for,
)
from meshctl.manifest.objects import Fault, object_faults, unpacked
from meshctl.manifest.pods import config_references, pod_template, pod_template_path
from meshctl.manifest.selectors import label_selector

__all__ = [
    "ANNOTATION_CONFIG_HASH",
    "ANNOTATION_EXPIRES",
    "ANNOTATION_KEEP",
    "LABEL_CREATED",
    "LABEL_INJECT",
    "LABEL_MANAGED_BY",
    "LABEL_MEMBER",
    "LABEL_NAMESPACE",
    "LABEL_OWNER",
    "LABEL_PART_OF",
    "LABEL_PROJECT",
    "LABEL_SERVICE",
    "MANAGED_BY",
    "NAMESPACE_SERVICE",
    "WORKLOADS",
    "Address",
    "ApplySet",
    "Bundle",
    "Fault",
    "Image",
    "Locate",
    "Manifest",
    "Source",
    "config_references",
    "expanded",
    "expiry",
    "has_expired",
    "is_kept",
    "is_namespaced",
    "is_parent",
    "kinds_of",
    "label_selector",
    "made_by_meshctl",
    "made_for",
    "namespaces_of",
    "object_faults",
    "order_key",
    "parse_image",
    "pod_template",
    "pod_template_path",
    "service_label",
    "service_of",
    "unpacked",
    "with_images",
]
