"""Runs in the namespace that they were about: one LIST of metadata and one object a run, the oldest dropped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from meshctl.errors import Conflict, NotFound, UsageError
from meshctl.history.entry import Entry
from meshctl.history.packing import pack, unpack
from meshctl.identity import ObjectRef
from meshctl.manifest import LABEL_MANAGED_BY, LABEL_PART_OF, MANAGED_BY, Bundle

if TYPE_CHECKING:
    from meshctl.cluster import Cluster

KEPT = 10  # runs of a project in a namespace
LABEL_RUN = "meshctl.dev/run"  # the revision
ANNOTATION_RECORD = "meshctl.dev/record"
TYPE = "meshctl.dev/run"
LARGEST = 1_000_000  # characters of packed manifests: a Secret's data may have 1 MiB, and they are a quarter less of it
_TRIES = 5  # each time another run was stored between our look and our write


class History:
    """Of one project in one namespace. Every method raises ClusterError."""

    def __init__(self, cluster: Cluster, namespace: str, project: str) -> None:
        self._cluster = cluster.counted_as("history")
        self._namespace = namespace
        self._project = project

    def entries(self) -> list[Entry]:
        """The newest first; without the manifests."""
        labels = f"{LABEL_MANAGED_BY}={MANAGED_BY},{LABEL_PART_OF}={self._project},{LABEL_RUN}"
        listed = self._cluster.list_metadata("v1", "Secret", self._namespace, labels=labels).items
        found = [entry for body in listed if (entry := _entry(body))]
        return sorted(found, key=lambda entry: entry.revision, reverse=True)

    def bundle(self, entry: Entry) -> Bundle:
        """The manifests of a run. Raises UsageError for one that has none."""
        if entry.restorable:
            packed = self._cluster.get(self._ref(entry.revision)).get("data", {}).get("manifests")
            if packed:
                return unpack(packed, self._namespace, f"run {entry.revision}")
        raise UsageError(
            f"run {entry.revision} is a {entry.action} that kept no manifests",
            suggestion=_nearest(entry, self.entries()),
        )

    def add(self, entry: Entry, bundle: Bundle | None) -> Entry:
        """Stores it under the next revision, without manifests where they are too large; drops what is too old."""
        packed = pack(bundle) if bundle is not None else ""
        packed = packed if len(packed) <= LARGEST else ""
        entry = replace(entry, restorable=bool(packed))
        known = self.entries()
        for _ in range(_TRIES):
            entry = replace(entry, revision=max((each.revision for each in known), default=0) + 1)
            try:
                self._cluster.create(self._body(entry, packed))
            except Conflict as error:
                refusal = error
            else:
                self._drop(known[KEPT - 1 :])
                return entry
            known = self.entries()
        raise refusal

    def clear(self) -> None:
        self._drop(self.entries())

    def _drop(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self._cluster.delete(self._ref(entry.revision))

    def _ref(self, revision: int) -> ObjectRef:
        return ObjectRef("v1", "Secret", self._namespace, f"meshctl-{self._project}-run-{revision}")

    def _body(self, entry: Entry, packed: str) -> dict[str, Any]:
        ref = self._ref(entry.revision)
        return {
            "apiVersion": ref.api_version,
            "kind": ref.kind,
            "type": TYPE,
            "immutable": True,
            "metadata": {
                "name": ref.name,
                "namespace": ref.namespace,
                "labels": {
                    LABEL_MANAGED_BY: MANAGED_BY,
                    LABEL_PART_OF: self._project,
                    LABEL_RUN: str(entry.revision),
                },
                "annotations": {ANNOTATION_RECORD: entry.text()},
            },
            "data": {"manifests": packed} if packed else {},
        }


def choose(entries: Sequence[Entry], revision: int) -> Entry:
    """Raises NotFound with what there is."""
    for entry in entries:
        if entry.revision == revision:
            return entry
    listed = ", ".join(str(entry.revision) for entry in entries)
    raise NotFound(
        f"there is no run {revision}", suggestion=f"there are {listed}" if listed else "nothing was kept yet"
    )


def previous(entries: Sequence[Entry]) -> Entry:
    """The newest that went well before the newest of all, of those about its services. Raises NotFound."""
    for entry in entries[1:]:
        if entry.restorable and entry.result == "done" and set(entry.services) & set(entries[0].services):
            return entry
    raise NotFound(
        "there is no earlier run that went well and that one could go back to",
        code="NoEarlierRun",
        suggestion="`meshctl history` lists what there is",
    )


def _nearest(entry: Entry, entries: Iterable[Entry]) -> str:
    """What to go back to instead of a run without manifests: the older one of two as near."""
    kept = [each.revision for each in entries if each.restorable]
    near = min(kept, key=lambda revision: (abs(revision - entry.revision), revision), default=None)
    return "no run kept any yet" if near is None else f"run {near} is the nearest that has them"


def _entry(body: dict[str, Any]) -> Entry | None:
    """None for what somebody else has written under our label."""
    metadata = body["metadata"]
    revision = metadata["labels"].get(LABEL_RUN, "")
    text = (metadata.get("annotations") or {}).get(ANNOTATION_RECORD)
    try:
        return Entry.read(int(revision), text) if text else None
    except (ValueError, TypeError, AttributeError):
        return None
