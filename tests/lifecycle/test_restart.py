"""restart and reload, on a real API server."""

from __future__ import annotations

import time
from copy import deepcopy
from typing import Any

import pytest
from running import Told, live, started, told, writes
from shop import Body, Shop, config_map, deployment, service, shop

from meshctl.cluster import Cluster
from meshctl.events import Applied, Blocked, ErrorRaised, Ready, Unchanged, Warned
from meshctl.identity import ObjectRef
from meshctl.lifecycle import Interrupt, ReloadOptions, RestartOptions, reload, restart
from meshctl.lifecycle.outdated import is_outdated
from meshctl.manifest import ANNOTATION_CONFIG_HASH

RESTARTED = "kubectl.kubernetes.io/restartedAt"


def restarted(cluster: Cluster, ours: Shop, *services: str, changed: bool = False) -> Told:
    plan = ours.plan(*services, closure=False)
    return told(restart(plan, cluster, RestartOptions(timeout=20.0, changed=changed), Interrupt()))


def reloaded(cluster: Cluster, ours: Shop, *services: str) -> Told:
    plan = ours.plan(*services, closure=False)
    return told(reload(plan, ours.bundle(*services), cluster, ReloadOptions(timeout=20.0), Interrupt()))


def template_of(cluster: Cluster, namespace: str, name: str) -> Any:
    return live(cluster, namespace, "Deployment", name, "apps/v1")["spec"]["template"]


def pods(cluster: Cluster, namespace: str) -> set[str]:
    """Those that are to stay."""
    found = [item["metadata"] for item in cluster.list("v1", "Pod", namespace).items]
    return {metadata["uid"] for metadata in found if "deletionTimestamp" not in metadata}


def test_a_restart_makes_new_pods_in_order(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": ["db"], "db": []}, web=[deployment("web", replicas=2), service("web")])
    started(cluster, ours)
    before = pods(cluster, namespace)
    run = restarted(cluster, ours)
    assert [(event.service, event.operation) for event in run.of(Applied)] == [
        ("db", "restarted"),
        ("web", "restarted"),
    ]
    assert run.place(Ready, "db") < run.place(Applied, "web")
    assert run.end.counts == {"applied": 2, "ready": 2}
    assert not before & pods(cluster, namespace)


def test_only_workloads_are_restarted_after_a_slow_service(cluster: Cluster, namespace: str) -> None:
    """A slow service makes the run listen to pods and ReplicaSets; those of the next service are not its workloads."""
    ours = shop(namespace, {"db": [], "web": ["db"]}, db=[deployment("db", delay="4s")], web=[deployment("web")])
    started(cluster, ours)
    run = restarted(cluster, ours)
    assert run.objects(Applied) == ["Deployment db", "Deployment web"]


def test_after_a_restart_nothing_rolls_again(cluster: Cluster, namespace: str) -> None:
    """The annotation is another manager's: the next start sees nothing to change, and a change leaves it there."""
    ours = shop(namespace, {"web": []})
    started(cluster, ours)
    restarted(cluster, ours)
    stamp = template_of(cluster, namespace, "web")["metadata"]["annotations"][RESTARTED]
    owners = live(cluster, namespace, "Deployment", "web", "apps/v1")["metadata"]["managedFields"]
    assert [entry["manager"] for entry in owners if RESTARTED in str(entry)] == ["meshctl-restart"]
    cluster.requests.clear()
    assert started(cluster, ours).objects(Unchanged) == ["Deployment web"]
    assert writes(cluster) == 0
    started(cluster, ours.with_bodies("web", deployment("web", replicas=2)))
    assert template_of(cluster, namespace, "web")["metadata"]["annotations"][RESTARTED] == stamp


def test_a_stuck_service_stops_only_what_needs_it(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"bad": [], "after": ["bad"], "good": []})
    started(cluster, ours)
    stuck = deployment("bad", fail="InvalidImageName")
    started(cluster, ours.with_bodies("bad", stuck), "bad", wait=False)
    run = restarted(cluster, ours)
    assert run.failures["bad"].code == "InvalidImage"
    assert [(event.service, event.by) for event in run.of(Blocked)] == [("after", ("bad",))]
    assert run.services(Ready) == ["good"]
    assert run.end.exit == 1


def test_only_what_is_named_is_restarted(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"db": [], "web": ["db"]})
    started(cluster, ours)
    assert restarted(cluster, ours, "web").services(Applied) == ["web"]


def test_a_paused_rollout_is_not_restarted(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []})
    started(cluster, ours)
    cluster.patch(ObjectRef("apps/v1", "Deployment", namespace, "web"), {"spec": {"paused": True}}, manager="x")
    run = restarted(cluster, ours)
    assert (run.failures["web"].code, run.of(Applied)) == ("Paused", [])


def test_what_does_not_run_cannot_be_restarted(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": [], "db": []})
    run = restarted(cluster, ours)
    assert ([event.code for event in run.of(ErrorRaised)], run.end.exit) == (["NotRunning"], 1)
    started(cluster, ours, "db")
    run = restarted(cluster, ours)
    assert ([event.service for event in run.of(Warned)], run.end.exit) == (["web"], 0)


def user_of(settings: Body, name: str, image: str = "a") -> Body:
    """A workload that reads a ConfigMap, with the hash that render would give it."""
    body = deployment(name)
    template = body["spec"]["template"]
    template["metadata"]["annotations"] = {ANNOTATION_CONFIG_HASH: str(sorted(settings["data"].items()))}
    template["spec"]["containers"][0]["image"] = image
    return body


def with_settings(namespace: str, value: str, image: str = "a") -> Shop:
    """`web` and `worker` use a ConfigMap each; `plain` uses none."""
    web, worker = config_map("web", level=value), config_map("worker", level="1")
    return shop(
        namespace,
        {"web": [], "worker": [], "plain": []},
        web=[web, user_of(web, "web", image)],
        worker=[worker, user_of(worker, "worker", image)],
        plain=[user_of(config_map("none"), "plain", image)],
    )


def test_a_reload_rolls_only_what_uses_what_changed(cluster: Cluster, namespace: str) -> None:
    """And changes nothing else: not the image, which has changed in the templates too."""
    started(cluster, with_settings(namespace, "1"))
    before = {name: deepcopy(template_of(cluster, namespace, name)) for name in ("web", "worker", "plain")}
    run = reloaded(cluster, with_settings(namespace, "2", image="b"))
    assert [(str(event.object), event.operation) for event in run.of(Applied)] == [
        ("ConfigMap web", "configured"),
        ("Deployment web", "restarted"),
    ]
    assert sorted(run.services(Ready)) == ["plain", "web", "worker"]
    after = {name: template_of(cluster, namespace, name) for name in before}
    assert (after["worker"], after["plain"]) == (before["worker"], before["plain"])
    assert after["web"]["metadata"]["annotations"] != before["web"]["metadata"]["annotations"]
    assert after["web"]["spec"] == before["web"]["spec"]


def test_after_a_reload_the_next_start_has_nothing_to_do(cluster: Cluster, namespace: str) -> None:
    started(cluster, with_settings(namespace, "1"))
    ours = with_settings(namespace, "2")
    reloaded(cluster, ours)
    cluster.requests.clear()
    assert started(cluster, ours).end.counts == {"unchanged": 5, "ready": 3}
    assert writes(cluster) == 0


def test_a_reload_makes_no_workload(cluster: Cluster, namespace: str) -> None:
    ours = with_settings(namespace, "1")
    started(cluster, ours, "web")
    run = reloaded(cluster, with_settings(namespace, "2"))
    assert {event.service for event in run.of(Applied)} == {"web"}
    assert {item["metadata"]["name"] for item in cluster.list("apps/v1", "Deployment", namespace).items} == {"web"}


def test_a_reload_of_what_does_not_run_is_an_error(cluster: Cluster, namespace: str) -> None:
    run = reloaded(cluster, with_settings(namespace, "1"))
    assert ([event.code for event in run.of(ErrorRaised)], run.end.exit) == (["NotRunning"], 1)
    assert not run.of(Applied)


def test_a_reload_of_what_runs_without_any_configuration_has_nothing_to_do(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []}, web=[deployment("web")])
    started(cluster, ours)
    assert reloaded(cluster, ours).end.counts == {"ready": 1}


def reading(name: str, settings: str) -> Body:
    """A workload that has a ConfigMap in its environment."""
    body = deployment(name)
    body["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": settings}}]
    return body


def test_only_what_reads_a_configuration_that_has_changed_since(cluster: Cluster, namespace: str) -> None:
    """Whoever changed it, and whoever it belongs to."""
    ours = shop(
        namespace,
        {"web": [], "worker": [], "plain": []},
        web=[reading("web", "shared")],
        worker=[config_map("worker", level="1"), reading("worker", "worker")],
    )
    theirs = {**config_map("shared", level="1"), "metadata": {"name": "shared", "namespace": namespace}}
    cluster.apply(theirs, manager="them")
    started(cluster, ours)
    run = restarted(cluster, ours, changed=True)
    assert ([event.code for event in run.of(Warned)], run.end.exit, run.end.counts) == (["NothingChanged"], 0, {})
    time.sleep(1.1)  # times are whole seconds
    cluster.apply({**theirs, "data": {"level": "2"}}, manager="them")
    run = restarted(cluster, ours, changed=True)
    assert run.objects(Applied) == ["Deployment web"]
    assert run[0].services == ("web",)
    assert not restarted(cluster, ours, changed=True).of(Applied)


POD = {"metadata": {"creationTimestamp": "2026-01-01T10:00:00Z", "labels": {"app": "web", "x": "y"}}}


def changed_map(name: str, time: str) -> Body:
    return {**config_map(name), "metadata": {"name": name, "managedFields": [{"time": time}, {"manager": "x"}]}}


@pytest.mark.parametrize(
    ("name", "time", "pods", "expected"),
    [
        ("web", "2026-01-01T10:00:01Z", [POD], True),
        ("web", "2026-01-01T10:00:00Z", [POD], False),
        ("web", "2026-01-01T09:59:59Z", [POD], False),
        ("other", "2026-01-01T10:00:01Z", [POD], False),
        ("web", "2026-01-01T10:00:01Z", [], False),
        ("web", "2026-01-01T10:00:01Z", [{"metadata": {**POD["metadata"], "labels": {"app": "other"}}}], False),
        ("web", "2026-01-01T10:00:01Z", [{"metadata": {**POD["metadata"], "deletionTimestamp": "x"}}], False),
    ],
)
def test_which_pods_are_outdated(name: str, time: str, pods: list[Body], expected: bool) -> None:
    assert is_outdated(reading("web", "web"), pods, [changed_map(name, time)]) is expected
