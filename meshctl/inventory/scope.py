"""Whose objects a table shows."""

from __future__ import annotations

from dataclasses import dataclass

from meshctl.inventory.reading import Body, Query
from meshctl.manifest import LABEL_MANAGED_BY, LABEL_NAMESPACE, LABEL_PART_OF, LABEL_SERVICE, MANAGED_BY, service_of


@dataclass(frozen=True)
class Scope:
    """A project in a namespace; `services` are the ones to show, all when there are none; of their objects those that
    `labels`, kubectl's label selector, selects."""

    project: str
    namespace: str
    services: tuple[str, ...] = ()
    labels: str = ""

    def applied(self, api_version: str, kind: str, namespace: str | None = None) -> Query:
        """What meshctl itself wrote, or what inherits the labels of that; with `namespace` outside of our own.

        There, and among cluster-scoped objects, the same project of another developer may have some of the kind.
        """
        labels = f"{LABEL_MANAGED_BY}={MANAGED_BY},{LABEL_PART_OF}={self.project}"
        if namespace is None or namespace == self.namespace:
            return Query(api_version, kind, self.namespace, labels)
        return Query(api_version, kind, namespace, f"{labels},{LABEL_NAMESPACE}={self.namespace}")

    def made(self, api_version: str, kind: str) -> Query:
        """What was made from meshctl's pod templates: these have no label of the project's that can be selected by."""
        return Query(api_version, kind, self.namespace, LABEL_SERVICE)

    def narrowed(self, query: Query) -> Query:
        """The query for what a table shows, and not for what it needs beside that."""
        return query._replace(labels=f"{query.labels},{self.labels}") if self.labels else query

    def service_of(self, body: Body) -> str:
        """The service of an object, empty when that is none of the project's in this namespace."""
        metadata = body["metadata"]
        namespace = (metadata.get("labels") or {}).get(LABEL_NAMESPACE, metadata.get("namespace"))
        return service_of(body, self.project) if namespace == self.namespace else ""

    def takes(self, service: str) -> bool:
        """Whether a service, empty for none, is to be shown."""
        return service in self.services if self.services else service != ""
