"""Rows out of objects as an API server shows them; no server is needed for that."""

from __future__ import annotations

from typing import Any

import pytest
from projects import project

from meshctl.inventory import Pods, Ports, Scope, Services, ServiceState, Status
from meshctl.inventory.reading import Found, Query
from meshctl.plan import whole

NAMESPACE = "dev-anna"
SCOPE = Scope("shop", NAMESPACE)
BORN = "2026-01-01T00:00:00Z"
Body = dict[str, Any]


def labelled(kind: str, name: str, service: str, **labels: str) -> Body:
    own = {
        "app.kubernetes.io/managed-by": "meshctl",
        "app.kubernetes.io/part-of": "shop",
        "meshctl.dev/service": service,
    }
    metadata = {"name": name, "namespace": NAMESPACE, "labels": own | labels, "creationTimestamp": BORN}
    version = {"Deployment": "apps/v1"}.get(kind, "v1")
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": {}, "status": {}}


def found(*bodies: Body) -> Found:
    """As if each had come from a LIST of its kind."""
    answers = Found()
    for body in bodies:
        query = Query(body["apiVersion"], body["kind"], NAMESPACE, "by label")
        answers.take(query, [*answers.objects.get(query, ()), body])
    return answers


# Pods.

RUNS = {"state": {"running": {"startedAt": BORN}}, "ready": True, "started": True}
ENDED = {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
FAILED = {"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}
CRASHES = {
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
    "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-01-02T00:00:00Z"}},
    "restartCount": 7,
}


def pod(phase: str, init: list[Body] | None = None, containers: list[Body] | None = None, **more: Any) -> Body:
    """With an init container and a native sidecar when there are statuses for them; all words are kubectl's."""
    body = labelled("Pod", "web-1", "web")
    inits = [{"name": "prepare"}, {"name": "proxy", "restartPolicy": "Always"}] if init is not None else []
    body["spec"] = {"containers": [{"name": "app", "image": "app:1"}, {"name": "log"}], "initContainers": inits}
    body["status"] = {
        "phase": phase,
        "initContainerStatuses": [
            {"name": name} | each for name, each in zip(("prepare", "proxy"), init or [], strict=False)
        ],
        "containerStatuses": [
            {"name": name} | each for name, each in zip(("app", "log"), containers or [], strict=False)
        ],
    }
    body["metadata"] |= more
    return body


@pytest.mark.parametrize(
    ("body", "status", "ready", "restarts"),
    [
        (pod("Running", None, [RUNS, RUNS]), "Running", "2/2", 0),
        (pod("Running", [ENDED, RUNS], [RUNS, RUNS]), "Running", "3/3", 0),
        (pod("Running", [ENDED, ENDED | {"ready": True}], [RUNS, RUNS]), "Running", "2/3", 0),
        (pod("Running", None, [RUNS, CRASHES]), "CrashLoopBackOff", "1/2", 7),
        (pod("Pending", [RUNS | {"ready": False}]), "Init:0/2", "0/3", 0),
        (pod("Pending", [CRASHES]), "Init:CrashLoopBackOff", "0/3", 7),
        (pod("Pending", [{"state": {"terminated": {"exitCode": 3}}}]), "Init:ExitCode:3", "0/3", 0),
        (pod("Pending", [ENDED, {"state": {"waiting": {"reason": "PodInitializing"}}}]), "Init:1/2", "0/3", 0),
        (
            pod("Pending", None, [{"state": {"waiting": {"reason": "ContainerCreating"}}}]),
            "ContainerCreating",
            "0/2",
            0,
        ),
        (pod("Succeeded", None, [ENDED, ENDED]), "Completed", "0/2", 0),
        (pod("Running", None, [ENDED, RUNS]), "NotReady", "1/2", 0),
        (pod("Failed", None, [ENDED, FAILED]), "Error", "0/2", 0),
        (pod("Running", None, [RUNS, RUNS], deletionTimestamp=BORN), "Terminating", "2/2", 0),
        (pod("Succeeded", None, [ENDED, ENDED], deletionTimestamp=BORN), "Completed", "0/2", 0),
    ],
)
def test_a_pod_has_kubectls_words(body: Body, status: str, ready: str, restarts: int) -> None:
    (row,) = Pods(SCOPE).rows(found(body))
    assert (row.status, row.ready, row.restarts) == (status, ready, restarts)


def test_a_pods_record_has_its_phase_and_the_word_that_differs_from_it() -> None:
    (row,) = Pods(SCOPE).rows(found(pod("Running", None, [RUNS, CRASHES])))
    assert row.record() == {
        "name": "web-1",
        "service": "web",
        "phase": "Running",
        "ready": "1/2",
        "restarts": 7,
        "node": "",
        "reason": "CrashLoopBackOff",
    }
    assert row.message == "back-off 5m0s"
    assert row.restarted is not None


def test_pods_of_other_projects_and_services_are_not_shown() -> None:
    bodies = [
        labelled("Pod", "a", "web"),
        labelled("Pod", "b", "api"),
        labelled("Pod", "c", "web", **{"meshctl.dev/project": "bank"}),
    ]
    for body in bodies:
        body["spec"] = {"containers": [{"name": "app"}]}
    assert [row.name for row in Pods(SCOPE).rows(found(*bodies))] == ["b", "a"]
    assert [row.name for row in Pods(Scope("shop", NAMESPACE, ("web",))).rows(found(*bodies))] == ["a"]


# Services and ports.


def service(name: str, *ports: Body, **spec: Any) -> Body:
    body = labelled("Service", name, "web")
    body["spec"] = {
        "type": "ClusterIP",
        "clusterIP": "10.96.0.7",
        "selector": {"app": name},
        "ports": list(ports),
    } | spec
    return body


def test_a_service_counts_each_ready_endpoint_once() -> None:
    slices = [
        labelled("EndpointSlice", f"web-{family}", "web", **{"kubernetes.io/service-name": "web"}) for family in "46"
    ]
    for each in slices:
        each["endpoints"] = [
            {"addresses": ["x"], "targetRef": {"uid": "1"}, "conditions": {"ready": True}},
            {"addresses": ["y"], "targetRef": {"uid": "2"}},
            {"addresses": ["z"], "targetRef": {"uid": "3"}, "conditions": {"ready": False}},
        ]
    body = service("web", {"port": 80, "nodePort": 30080}, {"port": 53, "protocol": "UDP"}, type="NodePort")
    (row,) = Services(SCOPE).rows(found(body, *slices))
    assert (row.endpoints, row.ports, row.cluster_ip) == (2, ("80:30080/TCP", "53/UDP"), "10.96.0.7")


def test_ports_are_forwarded_side_by_side_from_ports_that_need_no_rights() -> None:
    bodies = [
        service("a", {"port": 80, "name": "http", "targetPort": "web"}),
        service("b", {"port": 80}, {"port": 9090}, {"port": 53, "protocol": "UDP"}),
        service("outside", {"port": 443}, type="ExternalName", externalName="example.org", selector=None),
    ]
    rows = Ports(SCOPE).rows(found(*bodies))
    forward = f"kubectl port-forward -n {NAMESPACE} svc/"
    assert [row.forward for row in rows] == [
        f"{forward}a 8080:80",
        f"{forward}b 8081:80",
        f"{forward}b 9090:9090",
        "",
        "",
    ]
    assert [row.target for row in rows] == ["web", "80", "9090", "53", "443"]


# Status.

PLAN = whole(project({"web": ["db"], "db": []}, high=["db"]))


def deployment(name: str, service: str, ready: int, **metadata: Any) -> Body:
    body = labelled("Deployment", name, service)
    body["metadata"] |= {"generation": 1, "uid": name} | metadata
    body["spec"] = {"replicas": 2, "template": {"spec": {"containers": [{"name": "app", "image": f"{name}:1"}]}}}
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), ready)
    progressing = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    conditions = [{"type": "Available", "status": "True"}, progressing]
    body["status"] = {"observedGeneration": 1, "conditions": conditions} | counts
    return body


def test_a_service_is_ready_starting_stopping_or_stopped() -> None:
    rows = Status(PLAN).rows(found(deployment("web", "web", 2), deployment("db", "db", 1)))
    assert [(row.name, row.tier, row.state, row.ready, row.wanted) for row in rows] == [
        ("db", "high", ServiceState.STARTING, 1, 2),
        ("web", "rest", ServiceState.READY, 2, 2),
    ]
    assert rows[0].reason
    assert rows[1].record()["images"] == ["web:1"]
    leaving = deployment("web", "web", 2, deletionTimestamp=BORN)
    assert [row.state for row in Status(PLAN).rows(found(leaving))] == [ServiceState.STOPPED, ServiceState.STOPPING]


def test_data_that_stop_keeps_is_no_running_service() -> None:
    claim = labelled("PersistentVolumeClaim", "data", "db")
    kept = labelled("ConfigMap", "kept", "db")
    kept["metadata"]["annotations"] = {"meshctl.dev/keep": "true"}
    parent = labelled("ConfigMap", "meshctl-shop-db", "db", **{"applyset.kubernetes.io/id": "applyset-x-v1"})
    row = Status(PLAN).rows(found(claim, kept, parent))[0]
    assert (row.state, row.ready, row.wanted, row.age) == (ServiceState.STOPPED, 0, 0, None)


def test_what_the_config_no_longer_has_is_an_orphan_when_asked_for() -> None:
    old = deployment("old", "old", 2)
    assert [row.name for row in Status(PLAN).rows(found(old))] == ["db", "web"]
    rows = Status(PLAN, orphans=True).rows(found(old))
    assert [(row.name, row.state, row.drift) for row in rows][1] == ("old", ServiceState.ORPHAN, None)


def test_a_set_that_contains_a_rare_kind_has_it_listed_too() -> None:
    parent = labelled("ConfigMap", "meshctl-shop-db", "db", **{"applyset.kubernetes.io/id": "applyset-x-v1"})
    kinds = "ConfigMap,Deployment.apps,VirtualService.networking.istio.io"
    parent["metadata"]["annotations"] = {"applyset.kubernetes.io/contains-group-kinds": kinds}
    before, after = Status(PLAN).queries(Found()), Status(PLAN).queries(found(parent))
    assert {(each.api_version, each.kind) for each in set(after) - set(before)} == {
        ("networking.istio.io/*", "VirtualService")
    }


def test_a_set_with_members_elsewhere_has_them_listed_there_too() -> None:
    parent = labelled("ConfigMap", "meshctl-shop-db", "db", **{"applyset.kubernetes.io/id": "applyset-x-v1"})
    parent["metadata"]["annotations"] = {
        "applyset.kubernetes.io/contains-group-kinds": "ClusterRole.rbac.authorization.k8s.io,ConfigMap",
        "applyset.kubernetes.io/additional-namespaces": "istio-system",
    }
    asked = [each for each in Status(PLAN).queries(found(parent)) if each.namespace == "istio-system"]
    assert [(each.api_version, each.kind) for each in asked] == [("v1", "ConfigMap")]
    assert asked[0].labels.endswith(f"meshctl.dev/namespace={NAMESPACE}")
