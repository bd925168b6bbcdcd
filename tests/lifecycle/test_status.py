"""What tables say of a live namespace, read from a real API server: states, drift, pods, and what a watch sees."""

from __future__ import annotations

import pytest
from running import started
from shop import Shop, config_map, deployment, shop

from meshctl.cluster import Cluster
from meshctl.inventory import Pods, Scope, Status, StatusRow, read, watch
from meshctl.lifecycle import Interrupt


@pytest.fixture
def running(cluster: Cluster, unused_namespace: str) -> Shop:
    """`web` runs and needs `db`; `rest` was never started."""
    made = shop(
        unused_namespace,
        {"db": [], "web": ["db"], "rest": []},
        web=[config_map("web", color="blue"), deployment("web", replicas=2)],
    )
    assert started(cluster, made, "web").end.exit == 0
    return made


def rows(cluster: Cluster, made: Shop, *, drift: bool = True) -> dict[str, StatusRow]:
    table = read(cluster, Status(made.plan(), made.bundle() if drift else None))
    return {row.name: row for row in table.rows}


def test_what_runs_what_does_not_and_what_differs(cluster: Cluster, running: Shop) -> None:
    found = rows(cluster, running)
    assert {name: (str(row.state), row.ready, row.wanted, row.drift) for name, row in found.items()} == {
        "db": ("ready", 1, 1, False),
        "rest": ("stopped", 0, 0, None),
        "web": ("ready", 2, 2, False),
    }
    assert found["web"].images == ("registry.local/web:1",)
    assert {row.drift for row in rows(cluster, running, drift=False).values()} == {None}

    changed, db = running.bundle().of("web")[0].ref, running.bundle().of("db")[0].ref
    cluster.patch(changed, {"data": {"color": "red"}}, manager="somebody")
    cluster.delete(db)
    found = rows(cluster, running)
    assert [(each.object, each.what) for each in found["web"].drifted or ()] == [(changed, "changed")]
    assert str(found["db"].state) in ("stopping", "stopped")


def test_a_table_costs_one_list_a_kind(cluster: Cluster, running: Shop) -> None:
    before = cluster.requests.copy()
    rows(cluster, running)
    asked = cluster.requests - before
    assert asked["get"] == 0
    assert asked["list"] <= 20


def test_a_watch_shows_every_change_and_ends_when_told(cluster: Cluster, running: Shop) -> None:
    interrupt = Interrupt()
    scope = Scope(running.config.project, running.config.namespace)
    tables = watch(cluster, Pods(scope), interrupt)
    first = next(tables)
    assert [row.service for row in first.rows] == ["db", "web", "web"]
    web = running.bundle().of("web")[1].ref
    cluster.patch(web, {"spec": {"replicas": 1}}, manager="somebody")
    for table in tables:
        if len(table.rows) == 2:
            interrupt.set(130)
    assert interrupt.is_set()
