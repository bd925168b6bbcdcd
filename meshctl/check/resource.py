"""An object as rules look at it, and the pod that a workload makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from meshctl.check.node import Node
from meshctl.check.references import Reference, references
from meshctl.identity import ObjectRef
from meshctl.manifest import Manifest, pod_template_path


class Resource:
    """One object; `root["spec"]["ports"]` walks it."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.body = manifest.body
        self.root = Node(manifest.body)

    def __str__(self) -> str:
        return str(self.ref)

    @property
    def ref(self) -> ObjectRef:
        return self.manifest.ref

    @property
    def service(self) -> str:
        """The service of the project that it belongs to; empty outside of a project."""
        return self.manifest.service

    @cached_property
    def spec(self) -> Node:
        return self.root["spec"]

    @cached_property
    def metadata(self) -> Node:
        return self.root["metadata"]

    @cached_property
    def labels(self) -> Mapping[str, Any]:
        return self.metadata["labels"].mapping

    @cached_property
    def annotations(self) -> Mapping[str, Any]:
        return self.metadata["annotations"].mapping

    @cached_property
    def pod(self) -> Pod | None:
        """The pod that it is, or makes; None for what makes none."""
        path = pod_template_path(self.ref.group, self.ref.kind)
        if path is None:
            return None
        template = self.root.at(*path)
        return Pod(self, template) if template.value.__class__ is dict else None


@dataclass(frozen=True, eq=False)
class Pod:
    """The pod of a workload: `template` has metadata and spec."""

    resource: Resource
    template: Node

    @property
    def namespace(self) -> str:
        return self.resource.ref.namespace

    @cached_property
    def spec(self) -> Node:
        return self.template["spec"]

    @cached_property
    def labels(self) -> Mapping[str, Any]:
        return self.template["metadata"]["labels"].mapping

    @cached_property
    def annotations(self) -> Mapping[str, Any]:
        return self.template["metadata"]["annotations"].mapping

    @cached_property
    def containers(self) -> tuple[Node, ...]:
        """Every container, also those that run before the others."""
        return (*self.spec["containers"], *self.spec["initContainers"])

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """The ConfigMaps and Secrets that it reads."""
        return tuple(references(self.spec))

    @cached_property
    def ports(self) -> tuple[Node, ...]:
        """What its containers declare; a sidecar among the init containers goes on listening."""
        sidecars = (each for each in self.spec["initContainers"] if each["restartPolicy"].text == "Always")
        return tuple(port for container in (*self.spec["containers"], *sidecars) for port in container["ports"])
