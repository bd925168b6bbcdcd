"""stop, on a real API server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from faults import FaultyProxy
from running import live, started, stopped, told
from shop import Body, config_map, deployment, labelled, service, shop, stateful_set

from meshctl.cluster import Cluster, connect
from meshctl.config import ClusterRules
from meshctl.errors import NotFound
from meshctl.events import Blocked, Deleted, ErrorRaised, Planned, Unchanged, Warned
from meshctl.identity import ObjectRef
from meshctl.lifecycle import Interrupt, StopOptions, stop, users_of
from meshctl.manifest import LABEL_NAMESPACE

NEEDS = {"db": [], "api": ["db"], "web": ["api"], "other": []}


def names(cluster: Cluster, namespace: str, kind: str, api_version: str = "v1") -> set[str]:
    return {item["metadata"]["name"] for item in cluster.list(api_version, kind, namespace).items}


def test_everything_goes_in_reverse_order_pods_included(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, NEEDS, web=[config_map("web"), deployment("web"), service("web")])
    started(cluster, ours)
    run = stopped(cluster, ours)
    plan = run[0]
    assert isinstance(plan, Planned)
    assert (plan.action, plan.objects) == ("stop", 6)
    gone = [event.service for event in run.of(Deleted) if event.object is None]
    assert [name for name in gone if name != "other"] == ["web", "api", "db"]
    assert run.place(Deleted, "api") > run.index(next(e for e in run.of(Deleted, "web") if e.object is None))
    assert run.end.counts == {"deleted": 6, "gone": 4}
    assert names(cluster, namespace, "Deployment", "apps/v1") == set()
    assert names(cluster, namespace, "Pod") == set()
    assert names(cluster, namespace, "ConfigMap") == {"kube-root-ca.crt"}


def test_a_service_goes_in_the_reverse_order_of_kinds(
    cluster: Cluster, namespace: str, sandbox_kubeconfig: Path, tmp_path: Path
) -> None:
    ours = shop(namespace, {"web": []}, web=[config_map("web"), deployment("web"), service("web")])
    started(cluster, ours)
    with FaultyProxy(sandbox_kubeconfig, tmp_path) as proxy:
        stopped(connect(kubeconfig=proxy.kubeconfig, environ={}), ours)
    deleted = [seen.path.split("/")[-2] for seen in proxy.seen if seen.method == "DELETE"]
    assert deleted == [
        "deployments",
        "services",
        "configmaps",
        "configmaps",
        "secrets",
        "leases",
    ]  # the parent, the history, the lock


def test_what_does_not_go_in_time_is_named_with_what_holds_it(cluster: Cluster, namespace: str) -> None:
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.com/held"]
    ours = shop(namespace, {"web": []}, web=[held, deployment("web")])
    started(cluster, ours)
    run = stopped(cluster, ours, timeout=1.5)
    assert run.objects(Deleted) == ["Deployment web"]
    failure = run.failures["web"]
    assert (failure.code, str(failure.object)) == ("Terminating", "ConfigMap held")
    assert "example.com/held" in failure.message
    assert run.end.exit == 1
    cluster.patch(ObjectRef("v1", "ConfigMap", namespace, "held"), {"metadata": {"finalizers": None}})


def test_what_does_not_go_keeps_what_it_needs(cluster: Cluster, namespace: str) -> None:
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.com/held"]
    ours = shop(namespace, {"db": [], "web": ["db"], "other": []}, web=[held])
    started(cluster, ours)
    run = stopped(cluster, ours, timeout=1.0)
    assert [(event.service, event.by) for event in run.of(Blocked)] == [("db", ("web",))]
    assert names(cluster, namespace, "Deployment", "apps/v1") == {"db"}
    cluster.patch(ObjectRef("v1", "ConfigMap", namespace, "held"), {"metadata": {"finalizers": None}})


def test_data_is_kept_unless_told_otherwise(cluster: Cluster, namespace: str) -> None:
    claim: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    files = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "files"}, "spec": claim}
    ours = shop(namespace, {"db": []}, db=[stateful_set("db"), files])
    started(cluster, ours)
    run = stopped(cluster, ours)
    assert run.objects(Deleted) == ["StatefulSet db"]
    assert run.objects(Unchanged) == ["PersistentVolumeClaim files", "PersistentVolumeClaim data-db-0"]
    assert names(cluster, namespace, "PersistentVolumeClaim") == {"data-db-0", "files"}
    started(cluster, ours)
    run = stopped(cluster, ours, keep_data=False, timeout=60.0)
    assert run.end.exit == 0
    assert run.end.seconds < 60  # claims carry no label of ours: their end is seen nevertheless
    assert names(cluster, namespace, "PersistentVolumeClaim") == set()


def test_what_is_marked_to_be_kept_survives(cluster: Cluster, namespace: str) -> None:
    kept = deployment("web")
    kept["metadata"]["annotations"] = {"meshctl.dev/keep": "true"}
    ours = shop(namespace, {"web": []}, web=[kept, config_map("web")])
    started(cluster, ours)
    run = stopped(cluster, ours)
    assert (run.objects(Unchanged), run.objects(Deleted)) == (["Deployment web"], ["ConfigMap web"])
    assert run.end.exit == 0
    assert len(names(cluster, namespace, "Pod")) == 1


def test_services_that_the_config_has_forgotten_can_be_stopped(cluster: Cluster, namespace: str) -> None:
    started(cluster, shop(namespace, {"old": [], "web": []}))
    today = shop(namespace, {"web": []})
    assert stopped(cluster, today, "old").objects(Deleted) == ["Deployment old"]
    started(cluster, shop(namespace, {"old": [], "web": []}))
    run = stopped(cluster, today)
    assert sorted(run.objects(Deleted)) == ["Deployment old", "Deployment web"]


def test_a_name_that_nothing_has_is_refused(cluster: Cluster, namespace: str) -> None:
    run = stopped(cluster, shop(namespace, {"postgres": []}), "postgers")
    assert [(event.code, event.suggestion) for event in run.of(ErrorRaised)] == [("Usage", "did you mean postgres?")]
    assert run.end.exit == 2


def test_what_is_not_there_need_not_be_stopped(cluster: Cluster, namespace: str) -> None:
    run = stopped(cluster, shop(namespace, {"web": []}), "web")
    assert [event.code for event in run.of(Warned)] == ["NotRunning"]
    assert run.end.exit == 0


def test_what_others_need_is_not_stopped_under_them(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, NEEDS)
    started(cluster, ours)
    run = stopped(cluster, ours, "db")
    error = run.of(ErrorRaised)[0]
    assert (error.code, run.end.exit) == ("Dependants", 3)
    assert "api, web" in error.message
    assert not run.of(Deleted)
    assert stopped(cluster, ours, "db", force=True).objects(Deleted) == ["Deployment db"]
    again = stopped(cluster, ours, "db")  # who needs it loses nothing any more
    assert ([event.code for event in again.of(Warned)], again.end.exit) == (["NotRunning"], 0)
    started(cluster, ours)
    run = stopped(cluster, ours, "db", with_dependents=True)
    assert run.objects(Deleted) == ["Deployment web", "Deployment api", "Deployment db"]
    assert names(cluster, namespace, "Deployment", "apps/v1") == {"other"}


def test_dependants_that_do_not_run_mind_nothing(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, NEEDS)
    started(cluster, ours, "db")
    assert stopped(cluster, ours, "db").objects(Deleted) == ["Deployment db"]


def test_users_are_all_that_need_it_directly_or_not() -> None:
    config = shop("dev-anna", NEEDS).config
    assert users_of(config, ["db"]) == {"api", "web"}
    assert users_of(config, ["db", "api", "web"]) == set()


def test_another_projects_objects_stay(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []}, web=[config_map("ours")])
    theirs = labelled(config_map("theirs"), replace(ours.config, project="other"), "web")
    cluster.create(theirs)
    started(cluster, ours)
    stopped(cluster, ours)
    assert names(cluster, namespace, "ConfigMap") == {"kube-root-ca.crt", "theirs"}


def test_what_others_have_taken_over_stays_unless_told_otherwise(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []}, web=[config_map("ours"), config_map("helms")])
    started(cluster, ours)
    helm = {"metadata": {"labels": {"app.kubernetes.io/managed-by": "Helm"}}}
    cluster.patch(ObjectRef("v1", "ConfigMap", namespace, "helms"), helm, manager="helm")
    assert stopped(cluster, ours).objects(Deleted) == ["ConfigMap ours"]
    assert stopped(cluster, ours, take_ownership=True).objects(Deleted) == ["ConfigMap helms"]


def cluster_role(name: str, namespace: str) -> Body:
    """Labelled as render labels what is not in the developer's namespace."""
    metadata = {"name": name, "labels": {LABEL_NAMESPACE: namespace}}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": metadata, "rules": []}


def test_objects_outside_of_the_namespace_go_with_their_own_developer(cluster: Cluster, namespace: str) -> None:
    """Two developers run the same project: their cluster-scoped objects differ by a label alone."""
    mine, bobs = f"{namespace}-mine", f"{namespace}-bobs"
    ours = shop(namespace, {"web": []}, web=[cluster_role(mine, namespace)])
    theirs = labelled(cluster_role(bobs, "dev-bob"), ours.config, "web")
    cluster.create(theirs)
    try:
        started(cluster, ours)
        assert stopped(cluster, ours).objects(Deleted) == [f"ClusterRole {mine}"]
        assert cluster.get(ObjectRef.of(theirs))
        run = started(cluster, ours.with_bodies("web", cluster_role(bobs, namespace)))
        assert run.failures["web"].code == "NotOurs"
    finally:
        cluster.delete(ObjectRef.of(theirs))


def test_objects_in_other_allowed_namespaces_go_too(cluster: Cluster, namespace: str) -> None:
    settings = config_map("settings")
    settings["metadata"] |= {"name": namespace, "namespace": "kube-public", "labels": {LABEL_NAMESPACE: namespace}}
    ours = shop(namespace, {"web": []}, web=[settings])
    ours = replace(ours, config=replace(ours.config, cluster=ClusterRules(allow_namespaces=("kube-public",))))
    started(cluster, ours)
    assert namespace in names(cluster, "kube-public", "ConfigMap")
    assert stopped(cluster, ours).objects(Deleted) == [f"ConfigMap {namespace}"]
    assert namespace not in names(cluster, "kube-public", "ConfigMap")


def test_a_namespace_that_we_made_can_go_too(cluster: Cluster, unused_namespace: str) -> None:
    ours = shop(unused_namespace, {"web": [], "db": []}, db=[stateful_set("db")])
    started(cluster, ours)
    part = stopped(cluster, ours, "web", delete_namespace=True, keep_data=False)
    data = stopped(cluster, ours, delete_namespace=True)
    assert (part.end.exit, data.end.exit, part.of(Deleted), data.of(Deleted)) == (3, 3, [], [])
    assert "PersistentVolumeClaim data-db-0 would go" in data.of(ErrorRaised)[0].message
    run = stopped(cluster, ours, delete_namespace=True, keep_data=False)
    assert run.objects(Deleted)[-1] == f"Namespace {unused_namespace}"
    with pytest.raises(NotFound):
        cluster.get(ObjectRef("v1", "Namespace", "", unused_namespace))


def test_a_namespace_that_others_made_stays(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []})
    started(cluster, ours)
    run = stopped(cluster, ours, delete_namespace=True)
    assert (run.end.exit, run.of(Deleted)) == (3, [])
    assert "was not made by meshctl" in run.of(ErrorRaised)[0].message


def test_an_interrupted_stop_tells_what_is_left(cluster: Cluster, namespace: str) -> None:
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.com/held"]
    ours = shop(namespace, {"db": [], "web": ["db"]}, web=[held])
    started(cluster, ours)
    interrupt = Interrupt()
    seen = []
    for event in stop(ours.config, None, cluster, StopOptions(), interrupt):
        seen.append(event)
        if "held" in getattr(event, "reason", ""):
            interrupt.set()
    run = told(seen)
    assert [(event.service, event.code) for event in run.of(Warned)] == [("web", "Unfinished"), ("db", "NotBegun")]
    assert run.end.exit == 130
    cluster.patch(ObjectRef("v1", "ConfigMap", namespace, "held"), {"metadata": {"finalizers": None}})
    assert live(cluster, namespace, "Deployment", "db", "apps/v1")
