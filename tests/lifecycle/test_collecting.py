"""namespace gc: whose time is up, and nobody else's."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from projects import project
from running import told

from meshctl.cluster import Cluster
from meshctl.events import Deleted, Warned
from meshctl.identity import ObjectRef
from meshctl.inventory import Namespaces, read
from meshctl.lifecycle import CollectOptions, Interrupt, collect, expired
from meshctl.lifecycle.namespace import namespace_body
from meshctl.manifest import ANNOTATION_EXPIRES, LABEL_MANAGED_BY, has_expired

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
PROJECT = f"project-{secrets.token_hex(4)}"
CONFIG = replace(project({"web": []}), project=PROJECT)


def made(name: str, *, ttl: float | None, of: str = PROJECT, now: datetime = NOW) -> dict[str, Any]:
    """As start makes it."""
    return namespace_body(replace(CONFIG, namespace=name, project=of), now, ttl)


@pytest.mark.parametrize(
    ("ttl", "change", "gone"),
    [
        (3600.0, {}, True),
        (7200.0, {}, False),
        (None, {}, False),
        (3600.0, {"annotations": {ANNOTATION_EXPIRES: "soon"}}, False),
        (3600.0, {"annotations": {ANNOTATION_EXPIRES: "2026-01-01T13:00:00"}}, True),
        (3600.0, {"labels": {}}, False),
        (3600.0, {"labels": {LABEL_MANAGED_BY: "meshctl"}}, False),
    ],
)
def test_whose_time_is_up(ttl: float | None, change: dict[str, Any], gone: bool) -> None:
    body = made("dev-anna", ttl=ttl)
    body["metadata"] |= change
    assert has_expired(body, NOW + timedelta(hours=1)) is gone


@pytest.fixture
def namespaces(cluster: Cluster) -> Iterator[dict[str, str]]:
    """Real ones, by what is the matter with each."""
    bodies = {
        "old": {"ttl": 1.0},
        "prolonged": {"ttl": 1.0},
        "young": {"ttl": 1e9},
        "endless": {"ttl": None},
        "others": {"ttl": 1.0, "of": f"{PROJECT}-2"},
    }
    names = {key: f"test-{key}-{secrets.token_hex(4)}" for key in [*bodies, "foreign"]}
    for key, options in bodies.items():
        cluster.create(made(names[key], **options))  # type: ignore[arg-type]
    foreign = made(names["foreign"], ttl=1.0)
    foreign["metadata"]["labels"][LABEL_MANAGED_BY] = "somebody"
    cluster.create(foreign)
    yield names
    for name in names.values():
        cluster.delete(ObjectRef("v1", "Namespace", "", name))


def test_the_expired_of_the_project_go_and_nothing_else(cluster: Cluster, namespaces: dict[str, str]) -> None:
    found = expired(cluster, PROJECT)
    assert [body["metadata"]["name"] for body in found] == sorted([namespaces["old"], namespaces["prolonged"]])
    every = {body["metadata"]["name"] for body in expired(cluster, "")}
    assert {namespaces["old"], namespaces["others"]} < every
    assert not {namespaces["foreign"], namespaces["young"], namespaces["endless"]} & every

    told(collect(CONFIG, found, cluster, CollectOptions(dry_run=True), Interrupt()))
    assert len(expired(cluster, PROJECT)) == 2

    more_time = {"metadata": {"annotations": {ANNOTATION_EXPIRES: "2999-01-01T00:00:00Z"}}}
    cluster.patch(ObjectRef("v1", "Namespace", "", namespaces["prolonged"]), more_time)
    run = told(collect(CONFIG, found, cluster, CollectOptions(timeout=60.0), Interrupt()))
    assert run.objects(Deleted) == [f"Namespace {namespaces['old']}"]
    assert [event.code for event in run.of(Warned)] == ["NotExpired"]
    assert run.end.exit == 0

    left = {row.name: row for row in read(cluster, Namespaces(PROJECT)).rows}
    assert set(left) == {namespaces["prolonged"], namespaces["young"], namespaces["endless"]}
    row = left[namespaces["young"]]
    assert (row.project, row.owner, row.services, row.expired) == (PROJECT, "anna", 0, False)
    assert left[namespaces["endless"]].record().items() >= {"expires": "", "expired": False}.items()


def test_one_that_does_not_go_in_time_is_named(cluster: Cluster, namespaces: dict[str, str]) -> None:
    ref = ObjectRef("v1", "ConfigMap", namespaces["old"], "held")
    metadata = {"name": "held", "namespace": namespaces["old"], "finalizers": ["test.meshctl.dev/held"]}
    cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    old = [body for body in expired(cluster, PROJECT) if body["metadata"]["name"] == namespaces["old"]]
    run = told(collect(CONFIG, old, cluster, CollectOptions(timeout=0.5), Interrupt()))
    cluster.patch(ref, {"metadata": {"finalizers": None}})
    assert ([failed.code for failed in run.failures.values()], run.end.exit) == (["Terminating"], 1)
