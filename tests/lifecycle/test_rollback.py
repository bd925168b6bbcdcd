"""The history of a namespace and the way back, on a real API server."""

from __future__ import annotations

import secrets
import threading
from typing import Any

import pytest
from faults import FaultyProxy
from running import Told, live, started, stopped, told, writes
from shop import Body, Shop, config_map, deployment, shop

from meshctl.cluster import Cluster
from meshctl.errors import NotFound, UsageError
from meshctl.events import Applied, Pruned, Unchanged, Warned
from meshctl.history import KEPT, Entry, History, previous
from meshctl.identity import ObjectRef
from meshctl.lifecycle import Interrupt, ReloadOptions, StartOptions, reload, remembering, restore, rollback


def history(cluster: Cluster, ours: Shop) -> History:
    return History(cluster, ours.config.namespace, ours.config.project)


def rolled_back(
    cluster: Cluster, ours: Shop, entry: Entry, services: tuple[str, ...] | None = None, **options: Any
) -> Told:
    """Today's config is `ours`."""
    stored = history(cluster, ours).bundle(entry)
    restored = restore(ours.config, stored, services, lambda plan: ours.bundle(*plan.services))
    chosen = StartOptions(**{"timeout": 20.0, **options})
    return told(rollback(restored, entry.revision, cluster, chosen, Interrupt()))


def secret(name: str, value: str) -> Body:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"password": value}}


def versions(namespace: str) -> tuple[Shop, Shop]:
    """The second has other images, another ConfigMap, one object more, and another Secret."""
    first = shop(
        namespace,
        {"web": ["db"], "db": []},
        web=[deployment("web"), config_map("web", level="1")],
        db=[deployment("db"), secret("db", "hunter-one")],
    )
    changed = deployment("web")
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.local/web:2"
    second = first.with_bodies("web", changed, config_map("web", level="2"), config_map("extra", a="b"))
    return first, second.with_bodies("db", deployment("db"), secret("db", "hunter-two"))


def test_a_run_that_changes_something_is_kept_and_one_that_does_not_costs_nothing(
    cluster: Cluster, namespace: str
) -> None:
    first, second = versions(namespace)
    cluster.requests.clear()
    started(cluster, first, command="start --all")
    assert cluster.requests["history"] == 2
    (kept,) = history(cluster, first).entries()
    assert (kept.revision, kept.action, kept.command, kept.user, kept.result) == (
        1, "start", "start --all", "anna", "done",
    )  # fmt: skip
    assert (set(kept.services), kept.counts["applied"], kept.restorable) == ({"web", "db"}, 4, True)
    cluster.requests.clear()
    started(cluster, first)
    assert (cluster.requests["history"], writes(cluster)) == (0, 0)
    started(cluster, second, "web", wait=False)
    assert [entry.revision for entry in history(cluster, first).entries()] == [2, 1]
    assert "hunter" not in str(
        [body for body in cluster.list("v1", "Secret", namespace).items if "run" in body["type"]]
    )


def test_back_to_an_earlier_run(cluster: Cluster, namespace: str) -> None:
    """What it did not have is pruned; Secrets are those of today, and that is told."""
    first, second = versions(namespace)
    started(cluster, first)
    started(cluster, second)
    before = previous(history(cluster, second).entries())
    run = rolled_back(cluster, second, before)
    assert (run[0].action, run.end.exit) == ("rollback", 0)
    assert [str(ref) for ref in run[0].prunes] == ["ConfigMap extra"]
    assert sorted(run.objects(Applied)) == ["ConfigMap web", "Deployment web"]
    assert run.objects(Pruned) == ["ConfigMap extra"]
    assert "Secret db" in run.objects(Unchanged)
    assert [event.code for event in run.of(Warned)] == ["SecretsOfToday"]
    web = live(cluster, namespace, "Deployment", "web", "apps/v1")
    assert web["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.local/web:1"
    assert live(cluster, namespace, "ConfigMap", "web")["data"] == {"level": "1"}
    newest = history(cluster, second).entries()[0]
    assert (newest.revision, newest.action, newest.restorable) == (3, "rollback", True)
    assert not started(cluster, first).of(Applied, "web")


def test_only_the_services_that_are_meant_go_back(cluster: Cluster, namespace: str) -> None:
    first, second = versions(namespace)
    started(cluster, first)
    started(cluster, second)
    entry = previous(history(cluster, second).entries())
    run = rolled_back(cluster, second, entry, ("db",), dry_run="server")
    assert (run[0].services, run.of(Applied), run.of(Pruned)) == (("db",), [], [])


def test_a_service_that_the_config_has_no_more_comes_back(cluster: Cluster, namespace: str) -> None:
    first = shop(namespace, {"web": [], "old": []})
    started(cluster, first)
    today = shop(namespace, {"web": []})
    stopped(cluster, first, "old")
    (entry,) = history(cluster, today).entries()
    run = rolled_back(cluster, today, entry)
    assert run.objects(Applied) == ["Deployment old"]


def test_a_secret_that_today_has_no_more_is_refused_before_anything_is_done(cluster: Cluster, namespace: str) -> None:
    first, second = versions(namespace)
    started(cluster, first)
    (entry,) = history(cluster, first).entries()
    with pytest.raises(UsageError, match="run 1 has Secret db of db, which today's config does not have"):
        rolled_back(cluster, second.with_bodies("db", deployment("db")), entry)


def test_a_reload_is_kept_but_nobody_can_go_back_to_it(cluster: Cluster, namespace: str) -> None:
    first, second = versions(namespace)
    started(cluster, first)
    plan = second.plan("web", closure=False)
    told(reload(plan, second.bundle("web"), cluster, ReloadOptions(timeout=20.0), Interrupt()))
    newest, _ = history(cluster, first).entries()
    assert (newest.action, newest.restorable) == ("reload", False)
    with pytest.raises(UsageError, match="kept no manifests") as caught:
        history(cluster, first).bundle(newest)
    assert caught.value.suggestion == "run 1 is the nearest that has them"


def test_the_oldest_runs_are_dropped_and_stop_clears_the_rest(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []}, web=[config_map("web", n="0")])
    for number in range(KEPT + 2):
        started(cluster, ours.with_bodies("web", config_map("web", n=str(number))))
    kept = history(cluster, ours)
    assert [entry.revision for entry in kept.entries()] == list(range(KEPT + 2, 2, -1))
    with pytest.raises(NotFound):
        cluster.get(ObjectRef("v1", "Secret", namespace, "meshctl-shop-run-2"))
    stopped(cluster, ours, "web")
    assert len(kept.entries()) == KEPT
    stopped(cluster, ours)
    assert kept.entries() == []


def test_a_run_that_failed_is_kept_as_one(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []}, web=[deployment("web", fail="InvalidImageName")])
    assert started(cluster, ours).end.exit == 1
    (kept,) = history(cluster, ours).entries()
    assert (kept.result, kept.exit, kept.counts["failed"]) == ("failed", 1, 1)


def test_two_runs_at_once_get_a_revision_each(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []}, web=[config_map("web", n="0")])
    started(cluster, ours)
    kept = history(cluster, ours)
    (entry,) = kept.entries()
    looked = kept.entries
    kept.entries = lambda: (looked(), kept.__dict__.pop("entries"), history(cluster, ours).add(entry, None))[0]  # type: ignore[method-assign]
    assert kept.add(entry, None).revision == 3


def test_what_cannot_be_kept_is_a_warning(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []}, web=[config_map("web")])
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": namespace}}
    cluster.apply({**quota, "spec": {"hard": {"count/secrets": "0"}}})
    run = started(cluster, ours)
    assert ([event.code for event in run.of(Warned)], run.end.exit) == (["NotRemembered"], 0)


def test_a_run_does_not_wait_for_its_history(
    faulty: Cluster, proxy: FaultyProxy, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server answers everything but what is asked about the history."""
    monkeypatch.setattr(remembering, "PATIENCE", 0.5)
    released = threading.Event()
    proxy.inject(lambda _: released.wait(60), times=9, path="/secrets")
    run = started(faulty, shop(namespace, {"web": []}, web=[config_map("web")]))
    released.set()
    assert ([event.code for event in run.of(Warned)], run.end.exit) == (["NotRemembered"], 0)
    assert proxy.count(path="/secrets") == 1


def test_a_run_that_is_too_large_is_kept_without_its_manifests(cluster: Cluster, namespace: str) -> None:
    """As noise cannot be compressed well."""
    noise = [config_map(f"noise-{number}", data=secrets.token_hex(450_000)) for number in range(3)]
    run = started(cluster, shop(namespace, {"web": []}, web=noise))
    assert ([event.code for event in run.of(Warned)], run.end.exit) == (["TooLargeToKeep"], 0)
