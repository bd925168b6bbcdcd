"""Watches that go on, whatever happens to their connections, and end when they are told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from cluster_objects import config_map
from faults import FaultyProxy, answer, cut, swallow

from meshctl.cluster import Cluster, Watch, WatchEvent
from meshctl.errors import Forbidden, Gone, Unreachable
from meshctl.identity import ObjectRef


class Reader:
    """Reads a watch in a thread of its own; `error` is what ended it."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.events: list[tuple[str, str]] = []
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def wait_for(self, condition: Callable[[], bool], seconds: float = 15) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (self.events, self.error)
            time.sleep(0.005)

    def wait_for_event(self, kind: str, name: str) -> None:
        self.wait_for(lambda: (kind, name) in self.events)

    def _read(self) -> None:
        try:
            for event in self.watch:
                self.events.append((event.type, event.object["metadata"]["name"]))
        except Exception as error:  # noqa: BLE001 the test asks for it
            self.error = error


@pytest.fixture
def read(faulty: Cluster, namespace: str) -> Iterator[Callable[..., Reader]]:
    """Begins to watch the namespace's ConfigMaps from now on, or from a resource version."""
    readers: list[Reader] = []

    def begin(since: str = "", **selectors: str) -> Reader:
        since = since or faulty.list("v1", "ConfigMap", namespace).resource_version
        readers.append(Reader(faulty.watch("v1", "ConfigMap", namespace, resource_version=since, **selectors)))
        return readers[-1]

    yield begin
    for reader in readers:
        reader.watch.close()


def test_every_change_comes_once(read: Callable[..., Reader], cluster: Cluster, namespace: str) -> None:
    reader = read()
    cluster.apply(config_map(namespace, "a"))
    cluster.apply(config_map(namespace, "a", colour="red"))
    cluster.delete(ObjectRef.of(config_map(namespace, "a")))
    reader.wait_for_event("DELETED", "a")
    ours = [event for event in reader.events if event[1] == "a"]
    assert ours == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


def test_objects_say_what_they_are(cluster: Cluster, namespace: str) -> None:
    since = cluster.list("v1", "ConfigMap", namespace).resource_version
    cluster.apply(config_map(namespace, "a"))
    watch = cluster.watch("v1", "ConfigMap", namespace, resource_version=since, fields="metadata.name=a")
    event = next(iter(watch))
    assert isinstance(event, WatchEvent)
    assert ObjectRef.of(event.object) == ObjectRef("v1", "ConfigMap", namespace, "a")
    watch.close()


def test_selectors(read: Callable[..., Reader], cluster: Cluster, namespace: str) -> None:
    reader = read(fields="metadata.name=b")
    cluster.apply(config_map(namespace, "a"))
    cluster.apply(config_map(namespace, "b"))
    reader.wait_for_event("ADDED", "b")
    assert reader.events == [("ADDED", "b")]


class TestGoesOn:
    def test_after_a_cut_connection_nothing_is_lost_or_told_twice(
        self, read: Callable[..., Reader], proxy: FaultyProxy, cluster: Cluster, namespace: str
    ) -> None:
        reader = read(labels="app=x")
        for number in range(5):
            body = config_map(namespace, f"s{number}")
            body["metadata"]["labels"] = {"app": "x"}
            cluster.apply(body)
            reader.wait_for_event("ADDED", f"s{number}")
            proxy.cut_all()
        assert reader.events == [("ADDED", f"s{number}") for number in range(5)]
        assert proxy.count(path="watch=1") >= 5

    def test_while_the_server_is_down(
        self, read: Callable[..., Reader], proxy: FaultyProxy, cluster: Cluster, namespace: str
    ) -> None:
        reader = read()
        reader.wait_for(lambda: proxy.count(path="watch=1") == 1)
        proxy.down()
        cluster.apply(config_map(namespace, "meanwhile"))
        time.sleep(0.3)
        proxy.up()
        reader.wait_for_event("ADDED", "meanwhile")

    def test_when_the_server_cannot_start_it(
        self, read: Callable[..., Reader], proxy: FaultyProxy, cluster: Cluster, namespace: str
    ) -> None:
        proxy.inject(cut(), path="watch=1")
        proxy.inject(answer(500, "etcdserver: leader changed"), path="watch=1")
        proxy.inject(answer(429, "slow down", retry_after=0), path="watch=1")
        proxy.inject(answer(200, body=b""), path="watch=1")
        proxy.inject(answer(200, body=b'{"type": "ADDED", "obj'), path="watch=1")
        reader = read()
        cluster.apply(config_map(namespace, "a"))
        reader.wait_for_event("ADDED", "a")
        assert proxy.count(path="watch=1") == 6

    def test_a_silent_one_is_taken_for_dead(self, faulty: Cluster, proxy: FaultyProxy, namespace: str) -> None:
        since = faulty.list("v1", "ConfigMap", namespace).resource_version
        asked = faulty.watch("v1", "ConfigMap", namespace, resource_version=since)
        proxy.inject(swallow(), path="watch=1")
        reader = Reader(Watch(asked._transport, asked._request, since, rounds=(1, 1), slack=0.2))
        faulty.apply(config_map(namespace, "meanwhile"))
        reader.wait_for_event("ADDED", "meanwhile")
        assert proxy.count(path="watch=1") >= 2
        assert "timeoutSeconds=1&" in f"{proxy.seen[-1].path}&"
        reader.watch.close()

    def test_a_server_that_ends_each_watch_at_once_is_not_asked_in_a_tight_loop(
        self, read: Callable[..., Reader], proxy: FaultyProxy
    ) -> None:
        proxy.inject(answer(200, body=b""), times=1000, path="watch=1")
        read()
        time.sleep(1.2)
        assert 1 <= proxy.count(path="watch=1") <= 4

    def test_from_the_bookmark_not_from_the_list(
        self, read: Callable[..., Reader], proxy: FaultyProxy, cluster: Cluster, namespace: str
    ) -> None:
        """On a quiet kind only bookmarks keep the resource version from becoming too old."""
        before = cluster.list("v1", "ConfigMap", namespace).resource_version
        cluster.apply(config_map(namespace, "before"))
        now = cluster.list("v1", "ConfigMap", namespace).resource_version
        bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": now}}}
        proxy.inject(answer(200, body=json.dumps(bookmark).encode() + b"\n"), path="watch=1")
        reader = read(since=before)
        cluster.apply(config_map(namespace, "after"))
        reader.wait_for_event("ADDED", "after")
        assert reader.events == [("ADDED", "after")]


class TestEnds:
    def test_when_the_server_has_forgotten_the_resource_version(
        self, read: Callable[..., Reader], proxy: FaultyProxy
    ) -> None:
        gone = b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n'
        for fault in (answer(200, body=gone), answer(410, "too old resource version", reason="Expired")):
            proxy.inject(fault, path="watch=1")
            reader = read()
            reader.wait_for(lambda reader=reader: reader.ended)
            assert isinstance(reader.error, Gone)

    def test_when_we_have_no_right_to_it(self, read: Callable[..., Reader], proxy: FaultyProxy) -> None:
        proxy.inject(answer(403, "no"), path="watch=1")
        reader = read()
        reader.wait_for(lambda: reader.ended)
        assert isinstance(reader.error, Forbidden)

    def test_when_the_server_stays_away(self, faulty: Cluster, proxy: FaultyProxy, namespace: str) -> None:
        since = faulty.list("v1", "ConfigMap", namespace).resource_version
        asked = faulty.watch("v1", "ConfigMap", namespace, resource_version=since)
        reader = Reader(Watch(asked._transport, asked._request, since, outage=0.5))
        reader.wait_for(lambda: proxy.count(path="watch=1") == 1)
        proxy.down()
        reader.wait_for(lambda: reader.ended)
        assert isinstance(reader.error, Unreachable)
        assert reader.error.message.startswith(f"cannot watch ConfigMaps in {namespace}: ")

    def test_at_once_when_it_is_closed(self, read: Callable[..., Reader], proxy: FaultyProxy) -> None:
        reader = read()
        reader.wait_for(lambda: proxy.count(path="watch=1") == 1)
        time.sleep(0.1)
        began = time.monotonic()
        reader.watch.close()
        reader.wait_for(lambda: reader.ended, seconds=2)
        assert time.monotonic() - began < 0.5
        assert reader.error is None
        reader.watch.close()  # once more does no harm

    def test_over_tls_too(self, cluster: Cluster, namespace: str) -> None:
        since = cluster.list("v1", "ConfigMap", namespace).resource_version
        reader = Reader(cluster.watch("v1", "ConfigMap", namespace, resource_version=since))
        cluster.apply(config_map(namespace, "a"))
        reader.wait_for_event("ADDED", "a")
        reader.watch.close()
        reader.wait_for(lambda: reader.ended, seconds=1)
        assert reader.error is None

    def test_closed_before_it_began(self, faulty: Cluster, proxy: FaultyProxy, namespace: str) -> None:
        watch = faulty.watch("v1", "ConfigMap", namespace, resource_version="1")
        watch.close()
        assert list(watch) == []
        assert not proxy.seen

    def test_closed_while_the_server_is_down(self, read: Callable[..., Reader], proxy: FaultyProxy) -> None:
        reader = read()
        proxy.down()
        time.sleep(0.3)
        reader.watch.close()
        reader.wait_for(lambda: reader.ended, seconds=2)
        assert reader.error is None
