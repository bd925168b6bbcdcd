"""The ApplySet of a service (KEP-3659): which objects were applied for it, in a form that other tools understand.

A ConfigMap, the parent, has the set's id and says which kinds its members have and where else they are; each member
has the id in a label, which alone decides about membership.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from meshctl import __version__
from meshctl.identity import ObjectRef
from meshctl.manifest.labels import (
    LABEL_MANAGED_BY,
    LABEL_PART_OF,
    LABEL_SERVICE,
    MANAGED_BY,
    service_label,
)

LABEL_SET = "applyset.kubernetes.io/id"  # on the parent
LABEL_MEMBER = "applyset.kubernetes.io/part-of"  # on the members
ANNOTATION_TOOLING = "applyset.kubernetes.io/tooling"
ANNOTATION_KINDS = "applyset.kubernetes.io/contains-group-kinds"
ANNOTATION_NAMESPACES = "applyset.kubernetes.io/additional-namespaces"

GroupKind = tuple[str, str]


class ApplySet(NamedTuple):
    """The set of one service; `namespace` is the developer's, in which the parent is."""

    project: str
    namespace: str
    service: str

    @property
    def parent(self) -> ObjectRef:
        """Always a valid name: project and service are DNS labels."""
        return ObjectRef("v1", "ConfigMap", self.namespace, f"meshctl-{self.project}-{service_label(self.service)}")

    @property
    def id(self) -> str:
        return _id(self.parent)

    def body(
        self, members: Iterable[ObjectRef], *, kinds: Iterable[GroupKind] = (), namespaces: Iterable[str] = ()
    ) -> dict[str, Any]:
        """The parent of these members; `kinds` and `namespaces` are what it lists beside theirs."""
        refs = list(members)
        group_kinds = {ref.group_kind for ref in refs} | set(kinds)
        elsewhere = ({ref.namespace for ref in refs} | set(namespaces)) - {self.namespace, ""}
        annotations = {
            ANNOTATION_TOOLING: f"{MANAGED_BY}/{__version__}",
            ANNOTATION_KINDS: ",".join(sorted(f"{kind}.{group}" if group else kind for group, kind in group_kinds)),
        }
        if elsewhere:
            annotations[ANNOTATION_NAMESPACES] = ",".join(sorted(elsewhere))
        labels = {
            LABEL_MANAGED_BY: MANAGED_BY,
            LABEL_PART_OF: self.project,
            LABEL_SERVICE: service_label(self.service),
            LABEL_SET: self.id,
        }
        metadata = {
            "name": self.parent.name,
            "namespace": self.namespace,
            "labels": labels,
            "annotations": annotations,
        }
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}

    def has(self, body: Mapping[str, Any]) -> bool:
        """Whether the object is a member. What another object owns, and has copied its labels to, is none."""
        metadata = body["metadata"]
        return (metadata.get("labels") or {}).get(LABEL_MEMBER) == self.id and not metadata.get("ownerReferences")

    def stranger(self, parent: Mapping[str, Any]) -> str:
        """Why an object of the parent's name is not ours to write to, in words; empty when it is."""
        labels, annotations = parent["metadata"].get("labels") or {}, parent["metadata"].get("annotations") or {}
        tooling = str(annotations.get(ANNOTATION_TOOLING, ""))
        if LABEL_SET not in labels:
            return "it is no ApplySet"
        if tooling.rpartition("/")[0] != MANAGED_BY:
            return f"it is an ApplySet of {tooling or 'an unknown tool'}"
        return "" if labels[LABEL_SET] == self.id else f"its id is {labels[LABEL_SET]}, and {self.id} is right"


def is_parent(body: Mapping[str, Any]) -> bool:
    """Whether the object is the parent of a set: none that a user has made."""
    return body["kind"] == "ConfigMap" and LABEL_SET in (body["metadata"].get("labels") or {})


def kinds_of(parent: Mapping[str, Any]) -> set[GroupKind]:
    """(group, kind) of the members, from a text like `ConfigMap,Deployment.apps`."""
    parts = (each.partition(".") for each in _listed(parent, ANNOTATION_KINDS))
    return {(group, kind) for kind, _, group in parts}


def namespaces_of(parent: Mapping[str, Any]) -> set[str]:
    """Where members are, beside the parent's own namespace."""
    return set(_listed(parent, ANNOTATION_NAMESPACES))


def _listed(parent: Mapping[str, Any], annotation: str) -> list[str]:
    text = (parent["metadata"].get("annotations") or {}).get(annotation) or ""
    return [part.strip() for part in text.split(",") if part.strip()]


@lru_cache(maxsize=4096)
def _id(parent: ObjectRef) -> str:
    """The form `V1` of kubectl: a label's value begins and ends with a letter or digit, base64 need not."""
    identity = f"{parent.name}.{parent.namespace}.{parent.kind}.{parent.group}"
    digest = base64.urlsafe_b64encode(hashlib.sha256(identity.encode()).digest()).decode().rstrip("=")
    return f"applyset-{digest}-v1"
