"""What of the project is in the cluster, found by its labels alone: also what the config has long forgotten."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
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
    is_parent,
    namespaces_of,
    service_of,
)

if TYPE_CHECKING:
    from meshctl.cluster import Listing, Resource

Found = dict[str, list[Body]]

_FOLLOWERS = {
    ("", "Event"),
    ("events.k8s.io", "Event"),
}  # labelled like, and gone with, what made them


def find(run: Run, *, take_ownership: bool = False) -> Found:
    """Every object that carries the project's labels, by service; one LIST a kind, all at once.

    What may not be listed is left out: whoever has no right to see a kind has made none of it. With `take_ownership`
    also what others say by now that they manage it.
    """
    ours = f"{LABEL_PART_OF}={run.config.project},{LABEL_SERVICE}"
    ours += "" if take_ownership else f",{LABEL_MANAGED_BY}={MANAGED_BY}"
    elsewhere = f"{ours},{LABEL_NAMESPACE}={run.config.namespace}"
    namespaced, scoped = _deletable(run.ask(run.cluster.resources))
    bodies = _listed(
        run,
        [
            *((resource, run.config.namespace, ours) for resource in namespaced),
            *((resource, "", elsewhere) for resource in scoped),
        ],
    )
    others = _other_namespaces(run, bodies)
    bodies += _listed(run, [(resource, name, elsewhere) for name in others for resource in namespaced])
    return _by_service(bodies, run.config.project)


def _other_namespaces(run: Run, bodies: Iterable[Body]) -> set[str]:
    """Those that the parents of our sets know of, and that the config names."""
    known = {name for body in bodies if is_parent(body) for name in namespaces_of(body)}
    return known | {name for name in run.config.cluster.allow_namespaces if not set("*?[") & set(name)}


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


def _deletable(resources: Iterable[Resource]) -> tuple[list[Resource], list[Resource]]:
    """Of namespaced kinds, and of others."""
    kinds = [
        resource
        for resource in resources
        if "delete" in resource.verbs and (resource.api_version.rpartition("/")[0], resource.kind) not in _FOLLOWERS
    ]
    return [each for each in kinds if each.namespaced], [each for each in kinds if not each.namespaced]


def _listed(run: Run, questions: Iterable[tuple[Resource, str, str]]) -> list[Body]:
    """Of each kind, namespace and selector."""
    answers = [
        run.workers.submit("", run.cluster.list, resource.api_version, resource.kind, namespace, labels=labels)
        for resource, namespace, labels in questions
    ]
    run.wait_for(answers)
    return list(_items(answers))


def _items(answers: Iterable[Future[Listing]]) -> Iterable[Body]:
    for answer in answers:
        try:
            yield from answer.result().items
        except (Forbidden, NoSuchKind):
            continue


def _by_service(bodies: Iterable[Body], project: str) -> Found:
    """Without what controllers made: that goes with its owner."""
    made = (body for body in bodies if not (has_controller(body) or is_copy(body)))
    found: Mapping[ObjectRef, Body] = {ObjectRef.of(body): body for body in made}
    services: Found = defaultdict(list)
    for body in found.values():
        if service := service_of(body, project):
            services[service].append(body)
    return dict(services)
