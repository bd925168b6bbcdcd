"""What of the project is in the cluster, found by its labels alone: also what the config has long forgotten."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING

from meshctl.errors import Forbidden, NoSuchKind
from meshctl.identity import ObjectRef
from meshctl.lifecycle.ownership import has_controller, is_copy
from meshctl.lifecycle.run import Run
from meshctl.lifecycle.world import Body
from meshctl.manifest import (
    LABEL_MANAGED_BY,
    LABEL_NAMESPACE,
    LABEL_PART_OF,
    LABEL_SERVICE,
    MANAGED_BY,
    WORKLOADS,
    is_parent,
    kinds_of,
    namespaces_of,
    service_of,
)

if TYPE_CHECKING:
    from meshctl.cluster import Listing, Resource

Found = dict[str, list[Body]]
GroupKind = tuple[str, str]

_PARENT: GroupKind = ("", "ConfigMap")
_FOLLOWERS = {
    ("", "Event"),
    ("events.k8s.io", "Event"),
}  # labelled like, and gone with, what made them


def find(
    run: Run, services: Collection[str] | None = None, users: Collection[str] = (), *, take_ownership: bool = False
) -> Found:
    """Every object that carries the project's labels, by service; one LIST a kind, all at once.

    Of `services` and their `users`, if they are given, at least, and only of the kinds that their ApplySets list: of no
    other was anything applied for them. All kinds are looked at for what was applied by others, and so has no set.
    What may not be listed is left out: whoever has no right to see a kind has made none of it. With `take_ownership`
    also what others say by now that they manage it.
    """
    search = _Search(run, take_ownership=take_ownership)
    found = search.by_sets(services, {*services, *users}) if services is not None else None
    return search.by_all_kinds() if found is None else found


class _Search:
    """By labels: in the developer's namespace, and outside of it by one more, which tells developers apart."""

    def __init__(self, run: Run, *, take_ownership: bool) -> None:
        self._run = run
        self._ours = f"{LABEL_PART_OF}={run.config.project},{LABEL_SERVICE}"
        self._ours += "" if take_ownership else f",{LABEL_MANAGED_BY}={MANAGED_BY}"
        self._resources = _deletable(run.ask(run.cluster.resources))

    def by_all_kinds(self) -> Found:
        bodies = self._of(self._resources.values())
        return self._by_service([*bodies, *self._elsewhere(self._resources.values(), bodies)])

    def by_sets(self, services: Collection[str], concerned: Collection[str]) -> Found | None:
        """None where sets do not tell: of the services some have none, or others that have none run after all."""
        maps = self._of([self._resources[_PARENT]])
        sets = {service_of(body, self._run.config.project): body for body in filter(is_parent, maps)}
        without = set(concerned) - sets.keys()
        if not without.isdisjoint(services):
            return None
        parents = [sets[name] for name in concerned if name in sets]
        kinds = {each for parent in parents for each in kinds_of(parent)} | (WORKLOADS if without else set())
        resources = [self._resources[each] for each in sorted(kinds & self._resources.keys())]
        rest = self._of(each for each in resources if each.kind != "ConfigMap")
        found = self._by_service([*maps, *rest, *self._elsewhere(resources, parents)])
        return found if without.isdisjoint(found) else None

    def _of(self, resources: Iterable[Resource]) -> list[Body]:
        namespace = self._run.config.namespace
        return self._listed([(each, namespace if each.namespaced else "") for each in resources])

    def _elsewhere(self, resources: Iterable[Resource], bodies: Iterable[Body]) -> list[Body]:
        """In the namespaces that the parents of sets among the bodies know of, and that the config names."""
        known = {name for body in bodies if is_parent(body) for name in namespaces_of(body)}
        allowed = {name for name in self._run.config.cluster.allow_namespaces if not set("*?[") & set(name)}
        kinds = [each for each in resources if each.namespaced]
        return self._listed([(each, name) for name in known | allowed for each in kinds])

    def _listed(self, questions: Iterable[tuple[Resource, str]]) -> list[Body]:
        """Of each kind and namespace."""
        own, list_all = self._run.config.namespace, self._run.cluster.list
        labels = {True: self._ours, False: f"{self._ours},{LABEL_NAMESPACE}={own}"}
        answers = [
            self._run.workers.submit("", list_all, each.api_version, each.kind, name, labels=labels[name == own])
            for each, name in questions
        ]
        self._run.wait_for(answers)
        return list(_items(answers))

    def _by_service(self, bodies: Iterable[Body]) -> Found:
        """Without what controllers made: that goes with its owner."""
        made = (body for body in bodies if not (has_controller(body) or is_copy(body)))
        found: Mapping[ObjectRef, Body] = {ObjectRef.of(body): body for body in made}
        services: Found = defaultdict(list)
        for body in found.values():
            if service := service_of(body, self._run.config.project):
                services[service].append(body)
        return dict(services)


def add_claims(run: Run, found: Found) -> None:
    """The claims that StatefulSets have made for their pods: known by name, as they carry no label of ours."""
    patterns = {
        re.compile(rf"{re.escape(claim['metadata']['name'])}-{re.escape(body['metadata']['name'])}-\d+"): service
        for service, bodies in found.items()
        for body in bodies
        if body["kind"] == "StatefulSet"
        for claim in body["spec"].get("volumeClaimTemplates") or ()
    }
    if not patterns:
        return
    for claim in run.ask(run.cluster.list, "v1", "PersistentVolumeClaim", run.config.namespace).items:
        name = claim["metadata"]["name"]
        service = next((service for pattern, service in patterns.items() if pattern.fullmatch(name)), "")
        if service and claim not in found[service]:
            found[service].append(claim)


def _deletable(resources: Iterable[Resource]) -> dict[GroupKind, Resource]:
    found = {(each.api_version.rpartition("/")[0], each.kind): each for each in resources if "delete" in each.verbs}
    return {kind: resource for kind, resource in found.items() if kind not in _FOLLOWERS}


def _items(answers: Iterable[Future[Listing]]) -> Iterable[Body]:
    for answer in answers:
        try:
            yield from answer.result().items
        except (Forbidden, NoSuchKind):
            continue
