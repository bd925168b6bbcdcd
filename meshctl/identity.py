"""The identity of a Kubernetes object: what two views of the same object have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class ObjectRef(NamedTuple):
    """Hashable and sortable; `namespace` is empty for cluster-scoped objects."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> ObjectRef:
        """The reference of an object's body; what is missing, or has no name where one should be, is empty."""
        metadata = body.get("metadata")
        metadata = metadata if isinstance(metadata, Mapping) else {}
        return cls(
            str(body.get("apiVersion", "")),
            str(body.get("kind", "")),
            str(metadata.get("namespace") or ""),
            str(metadata.get("name") or ""),
        )

    @property
    def group(self) -> str:
        """`apps` of `apps/v1`; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def group_kind(self) -> tuple[str, str]:
        return (self.group, self.kind)

    @property
    def versionless(self) -> tuple[str, str, str, str]:
        """The same for one object in whatever version of its API it was asked for."""
        return (self.group, self.kind, self.namespace, self.name)

    def as_dict(self) -> dict[str, str]:
        """The form of machine output."""
        return {"apiVersion": self.api_version, "kind": self.kind, "namespace": self.namespace, "name": self.name}

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
