"""A run that has changed something is kept in the namespace's history. That never fails the run."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from meshctl import __version__
from meshctl.errors import ClusterError
from meshctl.events import Event, Finished, Planned, Warned
from meshctl.history import Entry, History, git_revision
from meshctl.manifest import NAMESPACE_SERVICE, Bundle

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.config import Config

Remember = Callable[[Planned, Finished], Iterator[Event]]
PATIENCE = 5.0  # seconds for each request: the run is over, and nobody waits for its history
_CHANGES = ("applied", "deleted", "pruned")


def rememberer(config: Config, cluster: Cluster, command: str, bundle: Bundle | None) -> Remember:
    """What stores a run at its end; `bundle` is what it has applied, None for one that cannot be gone back to."""

    def remember(planned: Planned, finished: Finished) -> Iterator[Event]:
        if not any(finished.counts.get(outcome) for outcome in _CHANGES):
            return
        entry = _entry(config, command, planned, finished)
        try:
            kept = History(cluster.patient_for(PATIENCE), config.namespace, config.project).add(entry, bundle)
        except ClusterError as error:
            yield Warned(code="NotRemembered", message=f"this run is not in the history: {error.message}")
        else:
            if bundle is not None and not kept.restorable:
                message = f"run {kept.revision} cannot be gone back to: its manifests are too large to be kept"
                yield Warned(code="TooLargeToKeep", message=message)

    return remember


def _entry(config: Config, command: str, planned: Planned, finished: Finished) -> Entry:
    return Entry(
        revision=0,
        time=datetime.fromtimestamp(planned.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        user=config.user,
        host=socket.gethostname(),
        version=__version__,
        action=planned.action,
        command=command,
        services=tuple(name for name in planned.services if name != NAMESPACE_SERVICE),
        exit=finished.exit,
        seconds=round(finished.seconds, 3),
        counts=finished.counts,
        git=git_revision(config.project_root),
        restorable=False,
    )
