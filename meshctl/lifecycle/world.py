"""What is there: every object of the kinds that a run is about, kept current by one LIST and one watch a kind."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from meshctl.errors import NoSuchKind
from meshctl.identity import ObjectRef
from meshctl.informer import Change, Informer
from meshctl.lifecycle.ownership import has_controller, service_in
from meshctl.manifest import LABEL_NAMESPACE, LABEL_PART_OF, LABEL_SERVICE

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.config import Config

Body = Mapping[str, Any]


class Scope(NamedTuple):
    """One LIST and one watch. `namespace` is empty for the whole cluster."""

    api_version: str
    kind: str
    namespace: str = ""
    labels: str = ""
    fields: str = ""


def scope_of(ref: ObjectRef, config: Config) -> Scope:
    """All of the developer's namespace, so that other owners' objects are seen too; elsewhere only what is ours."""
    if ref.namespace == config.namespace:
        return Scope(ref.api_version, ref.kind, ref.namespace)
    ours = f"{LABEL_PART_OF}={config.project},{LABEL_NAMESPACE}={config.namespace}"
    return Scope(ref.api_version, ref.kind, ref.namespace, labels=ours)


def closer_scopes(namespace: str) -> tuple[Scope, ...]:
    """What explains why something is not ready."""
    return (
        Scope("v1", "Pod", namespace, labels=LABEL_SERVICE),
        Scope("apps/v1", "ReplicaSet", namespace, labels=LABEL_SERVICE),
        Scope("v1", "Event", namespace, fields="type=Warning"),
    )


class World:
    """Only the main thread changes it; `listen`, which asks the server, may run in any."""

    def __init__(self, cluster: Cluster, project: str) -> None:
        self.wake = threading.Event()
        self.namespace: Body = {}  # the Namespace itself, where it was looked at
        self._cluster = cluster
        self._project = project
        self._informers: dict[Scope, Informer] = {}
        self._objects: dict[ObjectRef, Body] = {}
        self._by_service: dict[str, dict[ObjectRef, Body]] = defaultdict(dict)
        self._events: dict[str, dict[str, Body]] = defaultdict(dict)  # by the uid of the object that they are about
        self._service_of_uid: dict[str, str] = {}
        self._expected: dict[ObjectRef, str] = {}
        self._touched: set[str] = set()

    def listen(self, scope: Scope) -> Informer:
        """Lists the scope and begins to watch it. Raises ClusterError. Its answer is for `attach`."""
        return Informer(
            self._cluster,
            scope.api_version,
            scope.kind,
            scope.namespace,
            labels=scope.labels,
            fields=scope.fields,
            wake=self.wake,
        )

    def attach(self, scope: Scope, informer: Informer) -> None:
        self._informers[scope] = informer
        for body in informer.objects.values():
            self.put(body)

    def knows(self, scope: Scope) -> bool:
        return scope in self._informers

    def expect(self, service: str, refs: Iterable[ObjectRef]) -> None:
        """What happens to these objects concerns the service, whatever labels they have."""
        self._expected.update(dict.fromkeys(refs, service))

    def get(self, ref: ObjectRef) -> Body | None:
        return self._objects.get(ref)

    @property
    def services(self) -> set[str]:
        """Those of the project that something is there of."""
        return {name for name, objects in self._by_service.items() if name and objects}

    def of(self, service: str) -> list[Body]:
        """The service's live objects; pods and ReplicaSets among them once somebody listens to those."""
        return [*self._by_service[service].values()]

    def everything(self) -> list[Body]:
        """All objects that are listened to, whosever they are."""
        return [*self._objects.values()]

    def events_of(self, objects: Iterable[Body]) -> list[Body]:
        return [event for each in objects for event in self._events[each["metadata"]["uid"]].values()]

    def put(self, body: Body) -> None:
        """A newer state of an object. An older one changes nothing; the same again, which a watch brings after an
        apply, concerns nobody, but is what the watch holds on to: one of the two is enough.

        What a controller made is never compared with a manifest, and a status never: their managed fields, of a pod
        half of it, are let go.
        """
        ref = ObjectRef.of(body)
        if ref.kind == "Event":
            self._put_event(body)
            return
        managed = body["metadata"].pop("managedFields", ())
        if managed and not has_controller(body):
            body["metadata"]["managedFields"] = [entry for entry in managed if not entry.get("subresource")]
        known = self._objects.get(ref)
        age = _compared(body, known) if known else 1
        if age >= 0:
            self._objects[ref] = body
            self._file(ref, known, body, touch=age > 0)

    def take_in(self) -> set[str]:
        """The services that something happened to since the last call. Raises ClusterError when a watch has ended."""
        for scope, informer in list(self._informers.items()):
            for change in self._changes(scope, informer):
                if change.deleted:
                    self._drop(change.object)
                else:
                    self.put(change.object)
        touched, self._touched = self._touched, set()
        return touched

    def _changes(self, scope: Scope, informer: Informer) -> list[Change]:
        """With the definition of a kind all its objects go: that ends its watch, and is no fault of the run."""
        try:
            return informer.drain()
        except NoSuchKind:
            del self._informers[scope]
            return [Change(body, deleted=True) for body in informer.objects.values()]

    def close(self) -> None:
        for informer in self._informers.values():
            informer.close()

    def _file(self, ref: ObjectRef, known: Body | None, body: Body, *, touch: bool) -> None:
        service = service_in(body, self._project)
        if known is not None and (before := service_in(known, self._project)) != service:
            self._by_service[before].pop(ref, None)
        if service:
            self._by_service[service][ref] = body
            self._service_of_uid[body["metadata"]["uid"]] = service
        if touch:
            self._touch(ref, service)

    def _touch(self, ref: ObjectRef, service: str) -> None:
        self._touched.update(filter(None, (service, self._expected.get(ref))))

    def _put_event(self, body: Body) -> None:
        uid = str(body.get("involvedObject", {}).get("uid", ""))
        self._events[uid][body["metadata"]["name"]] = body
        if service := self._service_of_uid.get(uid):
            self._touched.add(service)

    def _drop(self, body: Body) -> None:
        """Unless another object has taken its name since."""
        ref = ObjectRef.of(body)
        known = self._objects.get(ref)
        if known is None or known["metadata"]["uid"] != body["metadata"]["uid"]:
            return
        del self._objects[ref]
        service = service_in(known, self._project)
        self._by_service[service].pop(ref, None)
        self._touch(ref, service)


def _compared(body: Body, known: Body) -> int:
    """Above 0 when the body is newer, 0 when it is the same state, below when it is older.

    Resource versions are numbers that grow (KEP-5504); another uid is another object.
    """
    mine, theirs = body["metadata"], known["metadata"]
    if mine.get("uid") != theirs.get("uid"):
        return 1
    versions = mine.get("resourceVersion", ""), theirs.get("resourceVersion", "")
    return int(versions[0]) - int(versions[1]) if all(version.isdecimal() for version in versions) else 1
