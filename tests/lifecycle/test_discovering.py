"""What of services is there, by the kinds of their sets, or by all kinds; on a real API server."""

from __future__ import annotations

import pytest
from running import Told, started, stopped, told
from shop import Body, Shop, config_map, deployment, labelled, service, shop

from meshctl.cluster import Cluster
from meshctl.events import Deleted, ErrorRaised, Ready
from meshctl.lifecycle import Interrupt, WaitOptions, wait
from meshctl.manifest import ApplySet

NEEDS = {"db": [], "api": ["db"], "web": ["api"]}


def policy(name: str) -> Body:
    """Of a kind that is seldom looked for."""
    spec: Body = {"podSelector": {}}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
def ours(namespace: str) -> Shop:
    return shop(namespace, NEEDS, web=[deployment("web"), service("web"), config_map("web"), policy("web")])


def waited(cluster: Cluster, ours: Shop, *services: str) -> Told:
    options = WaitOptions(timeout=20.0)
    return told(wait(ours.plan(*services, closure=False), cluster, options, Interrupt()))


def apply_as_others_do(cluster: Cluster, ours: Shop, service: str) -> None:
    """What `meshctl gen` writes, sent by another tool: with all labels, without the parent of a set."""
    for body in ours.bodies[service]:
        cluster.create(labelled(body, ours.config, service))


def test_a_wait_looks_at_the_kinds_of_the_set_alone(cluster: Cluster, ours: Shop) -> None:
    started(cluster, ours)
    cluster.requests.clear()
    run = waited(cluster, ours, "web")
    assert run.services(Ready) == ["web"]
    kinds = 4
    assert dict(cluster.requests) == {"get": 1, "discovery": 2, "list": 2 * kinds, "watch": kinds}


def test_a_stop_looks_at_the_kinds_of_the_sets_alone(cluster: Cluster, ours: Shop) -> None:
    started(cluster, ours)
    cluster.requests.clear()
    run = stopped(cluster, ours, "web")
    assert run.end.counts == {"deleted": 4, "gone": 1}
    kinds = 4
    watched = kinds + 2  # and pods, which have to end, and ReplicaSets
    assert cluster.requests["list"] == kinds + watched


def test_who_needs_it_and_has_no_set_is_looked_for_among_workloads(cluster: Cluster, ours: Shop) -> None:
    started(cluster, ours, "db")
    cluster.requests.clear()
    assert stopped(cluster, ours, "db").objects(Deleted) == ["Deployment db"]
    assert cluster.requests["list"] <= 9 + 3
    started(cluster, ours, "db")
    apply_as_others_do(cluster, ours, "api")
    run = stopped(cluster, ours, "db")
    assert ([event.code for event in run.of(ErrorRaised)], run.end.exit) == (["Dependants"], 3)


def test_what_others_applied_is_found_whatever_its_kinds(cluster: Cluster, ours: Shop) -> None:
    apply_as_others_do(cluster, ours, "web")
    assert waited(cluster, ours, "web").services(Ready) == ["web"]
    assert sorted(stopped(cluster, ours, "web").objects(Deleted)) == [
        "ConfigMap web",
        "Deployment web",
        "NetworkPolicy web",
        "Service web",
    ]


def test_dependants_that_others_applied_go_as_a_whole(cluster: Cluster, ours: Shop) -> None:
    started(cluster, ours, "api")
    apply_as_others_do(cluster, ours, "web")
    run = stopped(cluster, ours, "api", with_dependents=True)
    assert "NetworkPolicy web" in run.objects(Deleted)
    assert run.services(Deleted)[0] == "web"


def test_a_stop_of_everything_looks_at_every_kind(cluster: Cluster, ours: Shop) -> None:
    """Also for what the parent of a set, which anybody may have edited, does not list."""
    started(cluster, ours)
    parent = ApplySet(ours.config.project, ours.config.namespace, "web").parent
    kinds = {"applyset.kubernetes.io/contains-group-kinds": "Deployment.apps"}
    cluster.patch(parent, {"metadata": {"annotations": kinds}}, manager="somebody")
    assert "NetworkPolicy web" in stopped(cluster, ours).objects(Deleted)
