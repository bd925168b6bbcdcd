"""scale, on a real API server."""

from __future__ import annotations

from typing import Any

import pytest
from running import Told, live, started, told, writes
from shop import Body, Shop, deployment, shop

from meshctl.cluster import Cluster
from meshctl.errors import Problems, UsageError
from meshctl.events import Applied, ErrorRaised, Ready, Unchanged, Warned
from meshctl.lifecycle import Interrupt, ScaleOptions, Size, parse_size, scale
from meshctl.lifecycle.scale import chosen


def scaled(cluster: Cluster, ours: Shop, *sizes: str, **options: Any) -> Told:
    chosen = ScaleOptions(**{"timeout": 20.0, **options})
    return told(scale(ours.config, [parse_size(size) for size in sizes], cluster, chosen, Interrupt()))


def replicas(cluster: Cluster, namespace: str, name: str) -> Any:
    return live(cluster, namespace, "Deployment", name, "apps/v1")["spec"]["replicas"]


def without_replicas(name: str) -> Body:
    body = deployment(name)
    del body["spec"]["replicas"]
    return body


def test_it_lasts_until_the_next_start_says_a_number_of_its_own(cluster: Cluster, namespace: str) -> None:
    """And longer where the templates leave the number to others; neither is a conflict."""
    ours = shop(namespace, {"web": [], "free": [], "other": []}, free=[without_replicas("free")])
    started(cluster, ours)
    run = scaled(cluster, ours, "web=3", "free=2")
    assert sorted((event.service, event.operation) for event in run.of(Applied)) == [
        ("free", "scaled"),
        ("web", "scaled"),
    ]
    assert sorted((event.service, event.ready, event.wanted) for event in run.of(Ready)) == [
        ("free", 2, 2),
        ("web", 3, 3),
    ]
    assert run.end.counts == {"applied": 2, "ready": 2}
    cluster.requests.clear()
    again = scaled(cluster, ours, "web=3")
    assert (again.objects(Unchanged), writes(cluster)) == (["Deployment web"], 0)
    assert started(cluster, ours).objects(Applied) == ["Deployment web"]
    assert (replicas(cluster, namespace, "web"), replicas(cluster, namespace, "free")) == (1, 2)
    scaled(cluster, ours, "free=0")
    assert started(cluster, ours).objects(Applied) == []
    assert replicas(cluster, namespace, "free") == 0


def test_an_autoscaler_is_told(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []})
    started(cluster, ours)
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    metadata = {"name": "web", "namespace": namespace}
    spec = {"scaleTargetRef": target, "maxReplicas": 5}
    cluster.apply(
        {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata, "spec": spec}
    )
    run = scaled(cluster, ours, "web=2", wait=False)
    assert [(event.code, event.message) for event in run.of(Warned)] == [
        ("Autoscaled", "HorizontalPodAutoscaler web sets the number of pods again")
    ]
    assert not run.of(Ready)


def test_what_does_not_run_cannot_be_scaled(cluster: Cluster, namespace: str) -> None:
    run = scaled(cluster, shop(namespace, {"web": []}), "web=2")
    assert ([event.code for event in run.of(ErrorRaised)], run.end.exit) == (["NotRunning"], 1)


def test_all_that_makes_no_sense_is_told_before_anything_is_asked(cluster: Cluster) -> None:
    ours = shop("dev-anna", {"web": []})
    sizes = [parse_size(text) for text in ("wbe=1", "web=1", "web=2")]
    with pytest.raises(Problems) as caught:
        scale(ours.config, sizes, cluster, ScaleOptions(), Interrupt())
    assert [error.message for error in caught.value.errors] == ["no service is called 'wbe'", "web is given two sizes"]


@pytest.mark.parametrize("text", ["web", "web=", "web=x", "web=-1", "=3", "web/=3", ""])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError):
        parse_size(text)


def workload(kind: str, name: str) -> Body:
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "dev-anna"}}


SEVERAL = (workload("Deployment", "api"), workload("StatefulSet", "queue"), workload("DaemonSet", "agent"))


def test_the_one_of_several_that_is_named() -> None:
    assert str(chosen(Size("web", "queue", 2), SEVERAL, "dev-anna")) == "StatefulSet queue"
    assert str(chosen(Size("web", "", 2), SEVERAL[:1], "dev-anna")) == "Deployment api"


@pytest.mark.parametrize(
    ("name", "bodies", "told", "advice"),
    [
        ("", SEVERAL, "web has several workloads", "name one: web/api=2, web/queue=2"),
        ("queu", SEVERAL, "web has no workload 'queu'", "did you mean queue?"),
        ("", SEVERAL[2:], "DaemonSet agent cannot be scaled: it runs one pod on each node", ""),
    ],
)
def test_which_workload_is_not_clear(name: str, bodies: tuple[Body, ...], told: str, advice: str) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(Size("web", name, 2), bodies, "dev-anna")
    assert told in caught.value.message
    assert caught.value.suggestion == advice
