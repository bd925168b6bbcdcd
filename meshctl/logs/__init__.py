"""Many pods as one stream of lines, in the order of time.

    for line in stream(cluster, namespace, Selector(project, services), LogOptions(follow=True), interrupt):
        ...

First comes what the containers have written until now, merged strictly by time, each log read once to its end. When
following, every container is then read on from exactly there. Lines are never doubled and, as far as the node still
has them, never lost: not by a broken connection, a restart of the container, or a limit on the requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from meshctl.informer import Informer
from meshctl.logs.containers import Run, runs
from meshctl.logs.follow import Follower
from meshctl.logs.history import history
from meshctl.logs.line import LogLine, colour_index
from meshctl.logs.options import LogOptions, Selector, highlights, patterns
from meshctl.logs.reading import Interrupt, Reading
from meshctl.logs.resume import Bookmark

if TYPE_CHECKING:
    from meshctl.cluster import Cluster

__all__ = ["Interrupt", "LogLine", "LogOptions", "Selector", "colour_index", "highlights", "patterns", "stream"]


def stream(
    cluster: Cluster,
    namespace: str,
    selector: Selector,
    options: LogOptions,
    interrupt: Interrupt,
    *,
    notice: Callable[[str], None] = lambda _: None,
) -> Iterator[LogLine]:
    """The lines until now, and with `follow` all further ones until the interrupt.

    `notice` is told, a sentence each, what is no line: pods that come and go, connections that broke. Raises
    ClusterError when logs may not be read at all, or when one is incomplete.
    """
    reading = Reading(cluster, namespace, selector, options, interrupt, notice)
    return _followed(reading) if options.follow else _until_now(reading)


def _until_now(reading: Reading) -> Iterator[LogLine]:
    pods = reading.cluster.list("v1", "Pod", reading.namespace, labels=reading.selector.labels).items
    bookmarks = _bookmarks(reading, pods)
    if not bookmarks:
        reading.notice(f"{_nothing(reading)}; `meshctl status` says why")
    yield from history(reading, bookmarks)


def _followed(reading: Reading) -> Iterator[LogLine]:
    pods = Informer(reading.cluster, "v1", "Pod", reading.namespace, labels=reading.selector.labels)
    try:
        bookmarks = _bookmarks(reading, pods.objects.values())
        if not bookmarks:
            reading.notice(f"{_nothing(reading)} yet; waiting for one")
        if reading.options.tail != 0:
            yield from history(reading, bookmarks)
        yield from Follower(reading, pods, bookmarks).lines()
    finally:
        pods.close()


def _bookmarks(reading: Reading, pods: Iterable[Mapping[str, Any]]) -> dict[Run, Bookmark]:
    return {run: Bookmark() for pod in pods for run in runs(pod, reading.selector, reading.options)}


def _nothing(reading: Reading) -> str:
    names = ", ".join(reading.selector.services) or reading.selector.project
    return f"no container of {names} has begun in namespace {reading.namespace}"
