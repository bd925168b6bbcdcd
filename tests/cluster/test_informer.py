"""One kind's objects as they are now, on a real API server: the list, changes, ends, and a watch that is cut."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from faults import FaultyProxy

from meshctl.cluster import Cluster
from meshctl.errors import NoSuchKind
from meshctl.identity import ObjectRef
from meshctl.informer import Change, Informer


@pytest.fixture
def informer(cluster: Cluster, namespace: str) -> Iterator[Informer]:
    cluster.apply(config_map(namespace, "before"))
    with closing(Informer(cluster, "v1", "ConfigMap", namespace, labels="told=yes")) as made:
        yield made


def config_map(namespace: str, name: str, value: str = "one") -> dict[str, object]:
    metadata = {"name": name, "namespace": namespace, "labels": {"told": "yes"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"value": value}}


def ref(namespace: str, name: str) -> ObjectRef:
    return ObjectRef("v1", "ConfigMap", namespace, name)


def until(informer: Informer, satisfied: Callable[[list[Change]], bool]) -> list[Change]:
    """The changes, as soon as they are all there."""
    found: list[Change] = []
    deadline = time.monotonic() + 20
    while not satisfied(found):
        assert time.monotonic() < deadline, found
        informer.wake.wait(0.05)
        informer.wake.clear()
        found += informer.drain()
    return found


def test_what_is_there_is_known_at_once(informer: Informer, namespace: str) -> None:
    assert set(informer.objects) == {ref(namespace, "before")}
    assert informer.objects[ref(namespace, "before")]["kind"] == "ConfigMap"


def test_changes_come_in_order_and_others_do_not(informer: Informer, cluster: Cluster, namespace: str) -> None:
    foreign = {**config_map(namespace, "foreign"), "metadata": {"name": "foreign", "namespace": namespace}}
    cluster.apply(foreign)
    cluster.apply(config_map(namespace, "new"))
    cluster.apply(config_map(namespace, "new", "two"))
    cluster.delete(ref(namespace, "before"))
    found = until(informer, lambda changes: len(changes) >= 3)
    assert [(each.object["metadata"]["name"], each.deleted) for each in found] == [
        ("new", False),
        ("new", False),
        ("before", True),
    ]
    assert found[1].object["data"] == {"value": "two"}
    assert set(informer.objects) == {ref(namespace, "new")}


def test_nobody_sees_objects_change_before_they_are_taken(informer: Informer, cluster: Cluster, namespace: str) -> None:
    cluster.apply(config_map(namespace, "new"))
    assert informer.wake.wait(20)
    assert set(informer.objects) == {ref(namespace, "before")}
    until(informer, bool)
    assert set(informer.objects) == {ref(namespace, "before"), ref(namespace, "new")}


def test_what_happened_while_the_watch_was_cut_is_told(proxy: FaultyProxy, faulty: Cluster, namespace: str) -> None:
    faulty.apply(config_map(namespace, "going"))
    with closing(Informer(faulty, "v1", "ConfigMap", namespace, labels="told=yes")) as informer:
        proxy.cut_all()
        faulty.delete(ref(namespace, "going"))
        faulty.apply(config_map(namespace, "coming"))
        until(informer, lambda _: set(informer.objects) == {ref(namespace, "coming")})


def test_a_kind_that_is_not_served_is_told_at_once(cluster: Cluster, namespace: str) -> None:
    with pytest.raises(NoSuchKind):
        Informer(cluster, "example.com/v1", "Nothing", namespace)
