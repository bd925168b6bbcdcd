"""How the tables get their objects: one LIST a kind, and for -w one watch a kind after that."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from meshctl.diagnosis import has_sidecar
from meshctl.errors import Forbidden, NoSuchKind
from meshctl.informer import Informer

if TYPE_CHECKING:
    from meshctl.cluster import Cluster, Resource

Body = Mapping[str, Any]
Row = TypeVar("Row")
Row_co = TypeVar("Row_co", covariant=True)

ANY_VERSION = "*"
CONCURRENCY = 8  # lists at once
POLL = 0.1  # seconds between two looks at an interrupt
AGAIN = 5.0  # seconds until a watch looks again by itself
SETTLE = 0.2  # seconds between two tables of a watch: one change in a cluster is seldom alone


class Query(NamedTuple):
    """One LIST; the namespace is empty for cluster-scoped kinds.

    An `api_version` like `apps/*` stands for the version that the server prefers. What is `optional` may be refused
    without a word.
    """

    api_version: str
    kind: str
    namespace: str
    labels: str = ""
    fields: str = ""
    optional: bool = False


@dataclass
class Found:
    """What has been read so far, and which questions were refused."""

    objects: dict[Query, Sequence[Body]] = field(default_factory=dict)
    refused: list[Forbidden] = field(default_factory=list)

    def take(self, query: Query, listed: Sequence[Body] | Forbidden) -> None:
        """Adds an answer; one that was refused counts as empty."""
        self.objects[query] = () if isinstance(listed, Forbidden) else listed
        if isinstance(listed, Forbidden) and not query.optional:
            self.refused.append(listed)

    def table(self, view: View[Row]) -> Table[Row]:
        """The view's rows. Raises Forbidden when every answer was that."""
        if self.refused and len(self.refused) == len(self.objects):
            raise self.refused[0]
        return Table(tuple(view.rows(self)), tuple(error.message for error in self.refused))

    @cached_property
    def proxied(self) -> Body | None:
        """A pod that has Istio's sidecar, if there is one. To be asked when all has been read."""
        return next(filter(has_sidecar, self.of("Pod")), None)

    def of(self, *kinds: str) -> Iterator[Body]:
        """All objects of these kinds, of whatever group."""
        return (body for query, bodies in self.objects.items() if query.kind in kinds for body in bodies)


class View(Protocol[Row_co]):
    """A table: what it needs to read and the rows it makes of that. It opens no socket itself."""

    def queries(self, found: Found) -> Sequence[Query]:
        """All that it needs, as far as can be told from what was found already; asked until nothing new comes."""

    def rows(self, found: Found) -> Sequence[Row_co]:
        """Its rows, sorted."""


class Interrupt(Protocol):
    """What ends a watch from outside: the event that Ctrl-C sets."""

    def is_set(self) -> bool:
        """Whether to stop now."""


@dataclass(frozen=True)
class Table(Generic[Row_co]):
    """`warnings` are for people: what is missing because it must not be read."""

    rows: tuple[Row_co, ...]
    warnings: tuple[str, ...] = ()


def read(cluster: Cluster, view: View[Row]) -> Table[Row]:
    """The table as it is now. Raises Forbidden when nothing of it may be read, and any other ClusterError."""
    return _found(view, _Lists(cluster)).table(view)


def watch(cluster: Cluster, view: View[Row], interrupt: Interrupt) -> Iterator[Table[Row]]:
    """The table as it is now, and again after every change of it, until the interrupt. Raises what `read` raises."""
    watches = _Watches(cluster)
    shown: Table[Row] | None = None
    try:
        while not interrupt.is_set():
            watches.wake.clear()
            table = _found(view, watches).table(view)
            if table != shown:
                yield table
            shown = table
            _settle(watches.wake, interrupt)
    finally:
        watches.close()


class _Lists:
    """Answers queries by a LIST each."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def answer(self, query: Query) -> Sequence[Body] | Forbidden:
        try:
            kind = self._kind(query)
            return self._listed(query, kind) if kind else ()
        except NoSuchKind:
            return ()
        except Forbidden as error:
            return error

    def _listed(self, query: Query, kind: tuple[str, str, str]) -> Sequence[Body]:
        return self._cluster.list(*kind, labels=query.labels, fields=query.fields).items

    def _kind(self, query: Query) -> tuple[str, str, str] | None:
        group, _, version = query.api_version.rpartition("/")
        if version != ANY_VERSION:
            return query[:3]
        served = self._served.get((group, query.kind))
        return (served.api_version, query.kind, query.namespace if served.namespaced else "") if served else None

    @cached_property
    def _served(self) -> dict[tuple[str, str], Resource]:
        resources = self._cluster.resources()
        return {(resource.api_version.rpartition("/")[0], resource.kind): resource for resource in resources}


class _Watches(_Lists):
    """Answers queries by a LIST each the first time, and by what a watch has told since."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self.wake = threading.Event()
        self._informers: dict[Query, Informer] = {}

    def close(self) -> None:
        for informer in self._informers.values():
            informer.close()

    def _listed(self, query: Query, kind: tuple[str, str, str]) -> Sequence[Body]:
        informer = self._informers.get(query)
        if informer is None:
            informer = Informer(self._cluster, *kind, labels=query.labels, fields=query.fields, wake=self.wake)
            self._informers[query] = informer
        informer.drain()
        return list(informer.objects.values())


def _found(view: View[Row], lists: _Lists) -> Found:
    found = Found()
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        while missing := [query for query in dict.fromkeys(view.queries(found)) if query not in found.objects]:
            for query, answer in zip(missing, pool.map(lists.answer, missing), strict=True):
                found.take(query, answer)
    return found


def _settle(wake: threading.Event, interrupt: Interrupt) -> None:
    """Waits for a change and a moment more; not for ever, since some judgements are a matter of time."""
    until = time.monotonic() + AGAIN
    while not (interrupt.is_set() or wake.wait(POLL)) and time.monotonic() < until:
        pass
    if wake.is_set():
        time.sleep(SETTLE)
