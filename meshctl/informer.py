"""One kind's objects as they are now, and every change since: one LIST, then one watch in a thread of its own.

The first LIST runs in the caller's thread, so its errors reach the caller at once. The thread only queues what the
server says; the caller takes it with `drain`, so nobody but the caller ever sees `objects` change.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from meshctl.errors import Gone, MeshctlError
from meshctl.identity import ObjectRef

if TYPE_CHECKING:
    from meshctl.cluster import Cluster, Watch, WatchEvent

Body = dict[str, Any]


class Change(NamedTuple):
    """`object` is its newest form, the last one known when it is gone."""

    object: Body
    deleted: bool


class Informer:
    """`wake` is set whenever something has arrived; several informers may share one."""

    def __init__(
        self,
        cluster: Cluster,
        api_version: str,
        kind: str,
        namespace: str = "",
        *,
        labels: str = "",
        fields: str = "",
        wake: threading.Event | None = None,
    ) -> None:
        self.objects: dict[ObjectRef, Body] = {}
        self.wake = wake or threading.Event()
        self._cluster = cluster
        self._kind = (api_version, kind, namespace)
        self._selectors = {"labels": labels, "fields": fields}
        self._arrived: deque[WatchEvent | list[Body]] = deque()
        self._error: MeshctlError | None = None
        self._watch: Watch | None = None
        self._closed = threading.Event()
        self._resource_version = self._list()
        self.drain()
        threading.Thread(target=self._run, name=f"watch {kind}", daemon=True).start()

    def drain(self) -> list[Change]:
        """The changes since the last call, in order. Raises what has ended the watch for good."""
        changes: list[Change] = []
        while self._arrived:
            arrived = self._arrived.popleft()
            changes += self._replace(arrived) if isinstance(arrived, list) else self._take(arrived)
        if self._error:
            raise self._error
        return changes

    def close(self) -> None:
        """Ends the watch; may be called twice."""
        self._closed.set()
        if watch := self._watch:
            watch.close()

    def _list(self) -> str:
        listing = self._cluster.list(*self._kind, **self._selectors)
        self._arrived.append(listing.items)
        return listing.resource_version

    def _run(self) -> None:
        try:
            while not self._closed.is_set():
                self._follow()
        except MeshctlError as error:
            if not self._closed.is_set():
                self._error = error
                self.wake.set()

    def _follow(self) -> None:
        """Queues what the watch says, until it is closed or the server has forgotten our resourceVersion."""
        self._watch = self._cluster.watch(*self._kind, resource_version=self._resource_version, **self._selectors)
        if self._closed.is_set():
            self._watch.close()
        try:
            for event in self._watch:
                self._arrived.append(event)
                self.wake.set()
        except Gone:
            self._resource_version = self._list()
            self.wake.set()

    def _take(self, event: WatchEvent) -> list[Change]:
        reference = ObjectRef.of(event.object)
        if event.type == "DELETED":
            self.objects.pop(reference, None)
            return [Change(event.object, deleted=True)]
        self.objects[reference] = event.object
        return [Change(event.object, deleted=False)]

    def _replace(self, items: Iterable[Body]) -> list[Change]:
        """What a new LIST tells apart from what was known: events were missed in between."""
        listed = {ObjectRef.of(item): item for item in items}
        gone = [Change(body, deleted=True) for reference, body in self.objects.items() if reference not in listed]
        changed = [
            Change(body, deleted=False)
            for reference, body in listed.items()
            if _version(self.objects.get(reference)) != _version(body)
        ]
        self.objects = listed
        return gone + changed


def _version(body: Mapping[str, Any] | None) -> str:
    return str(body["metadata"].get("resourceVersion", "")) if body else ""
