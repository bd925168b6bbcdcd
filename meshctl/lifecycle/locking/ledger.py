"""The Lease, changed only under the resourceVersion that was read: of two who write at once, one reads again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from meshctl.errors import Conflict, NotFound
from meshctl.identity import ObjectRef
from meshctl.lifecycle.locking.claims import API_VERSION, KIND, Claims, lease_body, lease_name, read

if TYPE_CHECKING:
    from meshctl.cluster import Cluster

TRIES = 30  # each time somebody else was quicker, who then has what was wanted
_PAUSE = 0.05  # seconds at most before a next try, so that those who collided come apart
_QUICKER = frozenset({"AlreadyExists", "Conflict", "NotFound"})  # what there was has been made, changed or deleted

Edit = Callable[[Claims], Claims]


class Ledger:
    """For one thread at a time. There is no Lease where there are no claims, so what is not known is not there."""

    def __init__(self, cluster: Cluster, namespace: str, project: str) -> None:
        self._cluster = cluster.counted_as("lock")
        self._project = project
        self._namespace = namespace
        self.ref = ObjectRef(API_VERSION, KIND, namespace, lease_name(project))
        self._known: Mapping[str, Any] | None = None

    def change(self, edit: Edit) -> None:
        """`edit` gets all claims and gives those that shall be, as often as it takes. Raises what it raises."""
        for _ in range(TRIES):
            try:
                self._known = self._store(edit(read(self._known) if self._known else ()))
            except (Conflict, NotFound) as error:
                if error.code not in _QUICKER:
                    raise
                refusal = error
            else:
                return
            self.look()
            time.sleep(random.uniform(0, _PAUSE))  # noqa: S311 no secret
        raise refusal

    def look(self) -> None:
        try:
            self._known = self._cluster.get(self.ref)
        except NotFound:
            self._known = None

    def _store(self, claims: Claims) -> Mapping[str, Any] | None:
        if not claims:
            self._delete()
            return None
        body = lease_body(self._project, self._namespace, claims)
        if self._known is None:
            return self._cluster.create(body, repeatable=True)
        body["metadata"]["resourceVersion"] = self._known["metadata"]["resourceVersion"]
        return self._cluster.patch(self.ref, body)

    def _delete(self) -> None:
        if self._known is not None:
            metadata = self._known["metadata"]
            self._cluster.delete(self.ref, uid=metadata["uid"], resource_version=metadata["resourceVersion"])
