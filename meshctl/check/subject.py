"""All objects that are checked together, with indexes that rules share; each is made when the first rule asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from meshctl import yamlio
from meshctl.check.resource import Pod, Resource
from meshctl.check.selectors import Labelled
from meshctl.errors import Where
from meshctl.manifest import Manifest, Source, unpacked
from meshctl.yamlio import Document


class Subject:
    """`namespace` is the developer's: what names no namespace is in it."""

    def __init__(self, manifests: Iterable[Manifest], namespace: str = "default") -> None:
        self.namespace = namespace
        self.resources = tuple(map(Resource, manifests))

    @cached_property
    def by_kind(self) -> Mapping[tuple[str, str], list[Resource]]:
        """By group and kind, as ("apps", "Deployment"); nothing for a kind that is not there."""
        found: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        for resource in self.resources:
            found[resource.ref.group_kind].append(resource)
        return found

    @cached_property
    def by_name(self) -> Mapping[tuple[str, str, str, str], Resource]:
        """By group, kind, namespace and name."""
        return {(*each.ref.group_kind, self.namespace_of(each), each.ref.name): each for each in self.resources}

    def kind(self, group: str, kind: str) -> list[Resource]:
        return self.by_kind.get((group, kind), [])

    def find(self, group: str, kind: str, namespace: str, name: str) -> Resource | None:
        return self.by_name.get((group, kind, namespace, name))

    def namespace_of(self, resource: Resource) -> str:
        """The namespace where the object will be; the developer's for cluster-scoped ones, which have none."""
        return resource.ref.namespace or self.namespace

    @cached_property
    def pods(self) -> tuple[Pod, ...]:
        """The pods that the workloads make, one for each workload."""
        return tuple(resource.pod for resource in self.resources if resource.pod)

    @cached_property
    def namespaces_with_pods(self) -> tuple[str, ...]:
        return tuple(sorted({self.namespace_of(pod.resource) for pod in self.pods}))

    def pods_with(self, labels: Mapping[str, Any], namespace: str) -> list[Pod]:
        """The pods of a namespace that have all of these labels; all of its pods for no labels."""
        return self._labelled_pods.with_all(namespace, labels)

    @cached_property
    def _labelled_pods(self) -> Labelled[Pod]:
        return Labelled((self.namespace_of(pod.resource), pod.labels, pod) for pod in self.pods)

    def pods_anywhere(self, labels: Mapping[str, Any]) -> list[Pod]:
        """The pods of all namespaces that have all of these labels."""
        return self._pods_of_all_namespaces.with_all("", labels)

    @cached_property
    def _pods_of_all_namespaces(self) -> Labelled[Pod]:
        return Labelled(("", pod.labels, pod) for pod in self.pods)

    @cached_property
    def services(self) -> list[Resource]:
        return self.kind("", "Service")

    @cached_property
    def selected(self) -> Mapping[Resource, list[Pod]]:
        """The pods behind each Service that has a selector."""
        return {
            service: self.pods_with(service.spec["selector"].mapping, self.namespace_of(service))
            for service in self.services
            if service.spec["selector"].mapping
        }

    @cached_property
    def selecting(self) -> Mapping[Pod, list[Resource]]:
        """The Services before each pod."""
        found: dict[Pod, list[Resource]] = defaultdict(list)
        for service, pods in self.selected.items():
            for pod in pods:
                found[pod].append(service)
        return found


def subject_of(text: str, file: str = "manifests.yaml", namespace: str = "default") -> Subject:
    """The objects of a text of plain manifests, those in Lists one by one, without a project around them. Raises
    YamlError or Problems."""
    documents = yamlio.load_all(text, file)
    objects = ((document, *each) for document in documents for each in unpacked(document.value))
    return Subject([_manifest(*each) for each in objects if isinstance(each[-1], dict)], namespace)


def _manifest(document: Document, start: yamlio.Path, body: dict[str, Any]) -> Manifest:
    def locate(path: yamlio.Path = (), *, key: bool = False) -> Source:
        whole = (*start, *path)
        place = document.where(whole, key=key) if whole else Where(document.file, document.line)
        return Source(place, place)

    return Manifest(body, "", document.file, locate)
