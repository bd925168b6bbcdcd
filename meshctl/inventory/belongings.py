"""What belongs to which service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from meshctl.diagnosis import has_sidecar, names_subset
from meshctl.identity import ObjectRef
from meshctl.inventory.drift import Key, key
from meshctl.inventory.reading import ANY_VERSION, Body, Found, Query
from meshctl.inventory.scope import Scope
from meshctl.manifest import Manifest, is_namespaced, is_parent, kinds_of, namespaces_of
from meshctl.readiness import State, readiness

# Whatever a service is made of, it mostly has some of these, and its state depends on them.
_APPLIED = (
    ("v1", "ConfigMap"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "Service"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "CronJob"),
    ("batch/v1", "Job"),
)
_MADE = (("v1", "Pod"), ("apps/v1", "ReplicaSet"))


@dataclass
class Belongings:
    """`objects` came from the service's templates, `made` from controllers; `pods` are all its pods.

    `sets` are the parents of its ApplySets: not the user's objects, but they say that something was applied.
    """

    objects: list[Body] = field(default_factory=list)
    made: list[Body] = field(default_factory=list)
    pods: list[Body] = field(default_factory=list)
    sets: list[Body] = field(default_factory=list)

    def add(self, body: Body) -> None:
        metadata = body["metadata"]
        if is_parent(body):
            self.sets.append(body)
        elif any(owner.get("controller") for owner in metadata.get("ownerReferences") or ()):
            self.made.append(body)
        else:
            self.objects.append(body)
        if body["kind"] == "Pod":
            self.pods.append(body)


def questions(scope: Scope, found: Found, bundle: Iterable[Manifest]) -> list[Query]:
    """What to ask for all belongings: the common kinds, the bundle's, and what the sets say that they contain."""
    asked = {scope.applied(*kind) for kind in _APPLIED}
    asked |= {scope.applied(ref.api_version, ref.kind, ref.namespace) for ref in (each.ref for each in bundle)}
    asked -= {scope.applied(*kind) for kind in _MADE}
    known = {(version.rpartition("/")[0], kind): version for version, kind in (*_MADE, *(query[:2] for query in asked))}
    sets = [body for body in found.of("ConfigMap") if is_parent(body)]
    listed = {each: known.get(each, f"{each[0]}/{ANY_VERSION}") for body in sets for each in kinds_of(body)}
    asked |= {scope.applied(version, kind) for (group, kind), version in listed.items() if (group, kind) not in known}
    asked |= {
        scope.applied(listed[each], each[1], namespace)
        for body in sets
        for namespace in namespaces_of(body)
        for each in kinds_of(body)
        if is_namespaced(listed[each], each[1]) is not False
    }
    return [*(scope.made(*kind) for kind in _MADE), *sorted(asked)]


def mesh_questions(scope: Scope, found: Found) -> list[Query]:
    """What tells whether the mesh does as it should: asked only where something could be amiss."""
    routes = [body for body in found.of("VirtualService") if names_subset(body)]
    asked = {Query(body["apiVersion"], "DestinationRule", scope.namespace) for body in routes}
    if any(readiness(pod).state is not State.CURRENT or has_sidecar(pod) for pod in found.of("Pod")):
        asked.add(Query("v1", "Namespace", "", fields=f"metadata.name={scope.namespace}", optional=True))
    return sorted(asked)


def by_service(scope: Scope, found: Found) -> Mapping[str, Belongings]:
    """The belongings of each service that has any, also of those that the config does not have."""
    services: dict[str, Belongings] = defaultdict(Belongings)
    for query, bodies in found.objects.items():
        for body in bodies if query.labels else ():
            if service := scope.service_of(body):
                services[service].add(body)
    return services


def by_identity(found: Found) -> Mapping[Key, Body]:
    return {key(ObjectRef.of(body)): body for bodies in found.objects.values() for body in bodies}
