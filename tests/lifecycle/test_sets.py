"""ApplySets: what has left the templates is pruned, and nothing else; on a real API server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from running import Told, live, started, stopped, writes
from shop import Body, Shop, config_map, definition, deployment, service, shop, widget

from meshctl.cluster import Cluster
from meshctl.errors import NotFound
from meshctl.events import Applied, Deleted, Planned, Pruned, Ready, Warned
from meshctl.identity import ObjectRef
from meshctl.manifest import ApplySet

KINDS = "applyset.kubernetes.io/contains-group-kinds"
KEEP = {"meshctl.dev/keep": "true"}


def parent(cluster: Cluster, namespace: str, service: str = "web") -> Body:
    return cluster.get(ApplySet("shop", namespace, service).parent)


def kinds(cluster: Cluster, namespace: str, service: str = "web") -> str:
    return str(parent(cluster, namespace, service)["metadata"]["annotations"][KINDS])


def gone(cluster: Cluster, ref: ObjectRef) -> bool:
    try:
        cluster.get(ref)
    except NotFound:
        return True
    return False


def plan_of(run: Told) -> list[str]:
    planned = run[0]
    assert isinstance(planned, Planned)
    return [str(ref) for ref in planned.prunes]


def web(namespace: str, *bodies: Body) -> Shop:
    return shop(namespace, {"web": []}, web=bodies)


def test_kubectl_sees_the_set_and_leaves_it_alone(
    cluster: Cluster, namespace: str, kubectl: Callable[..., str], sandbox_kubeconfig: Path, tmp_path: Path
) -> None:
    started(cluster, web(namespace, config_map("web"), deployment("web"), service("web")))
    set_id = parent(cluster, namespace)["metadata"]["labels"]["applyset.kubernetes.io/id"]
    members = ("-l", f"applyset.kubernetes.io/part-of={set_id}", "-o", "name")
    shown = kubectl("get", "-n", namespace, "all,configmaps,pods", *members).split()
    assert shown == ["service/web", "deployment.apps/web", "configmap/web"]
    (tmp_path / "other.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n")
    command = ["kubectl", f"--kubeconfig={sandbox_kubeconfig}", "apply", "-n", namespace, "--prune", "-f", "."]
    ended = subprocess.run(
        [*command, "--applyset=configmaps/meshctl-shop-web"],
        env={**os.environ, "KUBECTL_APPLYSET": "true"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'managed by tooling "meshctl"' in ended.stderr


def test_what_has_left_the_templates_is_pruned_when_the_rest_is_ready(cluster: Cluster, namespace: str) -> None:
    started(cluster, web(namespace, config_map("old"), service("old"), deployment("web")))
    assert kinds(cluster, namespace) == "ConfigMap,Deployment.apps,Service"
    run = started(cluster, web(namespace, deployment("web", replicas=2)))
    assert plan_of(run) == ["ConfigMap old", "Service old"]
    assert run.objects(Pruned) == ["Service old", "ConfigMap old"]
    assert run.place(Ready, "web") < run.place(Pruned, "web")
    assert run.end.counts == {"applied": 1, "ready": 1, "pruned": 2}
    assert gone(cluster, ObjectRef("v1", "Service", namespace, "old"))
    assert kinds(cluster, namespace) == "Deployment.apps"
    cluster.requests.clear()
    assert started(cluster, web(namespace, deployment("web", replicas=2))).end.counts == {"unchanged": 1, "ready": 1}
    assert writes(cluster) == 0


def test_nothing_is_pruned_as_long_as_the_rest_is_not_ready(cluster: Cluster, namespace: str) -> None:
    started(cluster, web(namespace, service("old"), deployment("web")))
    broken = web(namespace, deployment("web", fail="InvalidImageName"), config_map("new"))
    assert started(cluster, broken).objects(Pruned) == []
    assert kinds(cluster, namespace) == "ConfigMap,Deployment.apps,Service"
    run = started(cluster, web(namespace, config_map("new")))
    assert run.objects(Pruned) == ["Deployment web", "Service old"]
    assert kinds(cluster, namespace) == "ConfigMap"


def test_nothing_is_pruned_when_told_so(cluster: Cluster, namespace: str) -> None:
    started(cluster, web(namespace, service("old"), config_map("web")))
    run = started(cluster, web(namespace, config_map("web")), prune=False)
    assert (plan_of(run), run.objects(Pruned)) == ([], [])
    assert kinds(cluster, namespace) == "ConfigMap,Service"


def test_data_and_what_is_marked_survive(cluster: Cluster, namespace: str) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    claim: Body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "files"}, "spec": spec}
    marked = service("marked")
    marked["metadata"]["annotations"] = KEEP
    started(cluster, web(namespace, claim, marked, config_map("web")))
    for _ in range(2):
        run = started(cluster, web(namespace, config_map("web")))
        assert (plan_of(run), run.objects(Pruned)) == ([], [])
        assert kinds(cluster, namespace) == "ConfigMap,PersistentVolumeClaim,Service"
    stopped(cluster, web(namespace))
    assert kinds(cluster, namespace) == "PersistentVolumeClaim,Service"


def test_what_is_anothers_by_now_is_not_pruned(cluster: Cluster, namespace: str) -> None:
    started(cluster, web(namespace, config_map("helms"), config_map("freed"), config_map("owned"), config_map("web")))
    owner = live(cluster, namespace, "ConfigMap", "web")["metadata"]["uid"]
    for name, metadata in {
        "helms": {"labels": {"app.kubernetes.io/managed-by": "Helm"}},
        "freed": {"labels": {"applyset.kubernetes.io/part-of": None}},
        "owned": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "web", "uid": owner}]},
    }.items():
        cluster.patch(ObjectRef("v1", "ConfigMap", namespace, name), {"metadata": metadata}, manager="someone")
    run = started(cluster, web(namespace, config_map("web")))
    assert (plan_of(run), run.objects(Pruned)) == ([], [])


def test_endpoints_that_have_the_labels_of_their_service_are_not_pruned(cluster: Cluster, namespace: str) -> None:
    def endpoints(name: str) -> Body:
        return {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": name}, "subsets": []}

    ours = web(namespace, service("web"), endpoints("outside"))
    copied = endpoints("copied")
    copied["metadata"] |= {"namespace": namespace, "labels": ours.bundle().of("web")[0].body["metadata"]["labels"]}
    cluster.create(copied)
    for _ in range(2):
        run = started(cluster, ours)
        assert (plan_of(run), run.objects(Pruned)) == ([], [])


def test_an_orphan_goes_with_everything_and_its_parent(cluster: Cluster, namespace: str) -> None:
    both = shop(namespace, {"web": [], "old": []}, old=[deployment("old"), service("old")], web=[config_map("web")])
    started(cluster, both)
    today = web(namespace, config_map("web"))
    assert started(cluster, today).objects(Pruned) == []
    run = started(cluster, today, everything=True)
    assert plan_of(run) == ["Service old", "Deployment old"]
    assert run.objects(Pruned, "old") == ["Deployment old", "Service old"]
    assert [event.service for event in run.of(Deleted)] == ["old"]
    assert gone(cluster, ApplySet("shop", namespace, "old").parent)


def test_orphans_stay_while_something_is_not_ready(cluster: Cluster, namespace: str) -> None:
    started(cluster, shop(namespace, {"web": [], "old": []}, old=[config_map("old")], web=[config_map("web")]))
    run = started(cluster, web(namespace, deployment("web", fail="InvalidImageName")), everything=True)
    assert run.objects(Pruned) == []
    assert [event.code for event in run.of(Warned)] == ["NotPruned"]
    assert live(cluster, namespace, "ConfigMap", "old")


def test_an_empty_namespace_folder_is_pruned_with_any_service(cluster: Cluster, namespace: str) -> None:
    started(cluster, shop(namespace, {"web": []}, web=[config_map("web")], _namespace=[config_map("shared")]))
    assert kinds(cluster, namespace, "_namespace") == "ConfigMap"
    run = started(cluster, web(namespace, config_map("web")))
    assert run.objects(Pruned) == ["ConfigMap shared"]
    assert gone(cluster, ApplySet("shop", namespace, "_namespace").parent)


def test_a_kind_that_is_gone_is_forgotten(cluster: Cluster, namespace: str) -> None:
    group = f"{namespace}.example.com"
    try:
        started(cluster, web(namespace, definition(group), widget(group), config_map("web")))
        cluster.delete(ObjectRef.of(definition(group)), propagation="Foreground")
        run = started(cluster, web(namespace, config_map("web")))
        assert run.end.exit == 0
        assert kinds(cluster, namespace) == "ConfigMap"
    finally:
        cluster.delete(ObjectRef.of(definition(group)))


def test_stop_takes_the_parent_along(cluster: Cluster, namespace: str) -> None:
    ours = web(namespace, config_map("web"))
    started(cluster, ours)
    run = stopped(cluster, ours)
    assert run.objects(Deleted) == ["ConfigMap web"]
    assert gone(cluster, ApplySet("shop", namespace, "web").parent)


@pytest.mark.parametrize(
    ("tooling", "taken"), [("kubectl/v1.37.1", False), ("", True)], ids=["another tool's set", "no set at all"]
)
def test_what_has_the_name_of_our_parent_is_refused(
    cluster: Cluster, namespace: str, tooling: str, *, taken: bool
) -> None:
    ours = ApplySet("shop", namespace, "web")
    theirs = config_map(ours.parent.name, theirs="1")
    theirs["metadata"]["namespace"] = namespace
    if tooling:
        theirs["metadata"]["labels"] = {"applyset.kubernetes.io/id": ours.id}
        theirs["metadata"]["annotations"] = {"applyset.kubernetes.io/tooling": tooling}
    before = cluster.create(theirs)
    run = started(cluster, web(namespace, config_map("web")))
    assert (run.failures["web"].code, run.end.exit, run.of(Applied)) == ("NotOurs", 3, [])
    assert cluster.get(ours.parent) == before
    assert (started(cluster, web(namespace, config_map("web")), take_ownership=True).end.exit == 0) is taken


def test_an_object_that_changes_its_service_is_taken_over_and_not_pruned(cluster: Cluster, namespace: str) -> None:
    needs = {"api": [], "web": []}
    started(cluster, shop(namespace, needs, api=[config_map("moved"), config_map("api")], web=[config_map("web")]))
    moved = shop(namespace, needs, api=[config_map("api")], web=[config_map("web"), config_map("moved")])
    run = started(cluster, moved)
    assert (run.failures["web"].code, run.objects(Pruned)) == ("NotOurs", [])
    run = started(cluster, moved, take_ownership=True)
    assert (run.end.exit, run.objects(Pruned)) == (0, [])
    assert live(cluster, namespace, "ConfigMap", "moved")["metadata"]["labels"]["meshctl.dev/service"] == "web"


def test_one_object_in_two_versions_of_its_api_is_one(cluster: Cluster, namespace: str) -> None:
    """A second version of a kind, which another service uses, shows the first one's objects once more."""

    def scaler(name: str, version: str) -> Body:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        spec = {"maxReplicas": 3, "scaleTargetRef": target}
        return {
            "apiVersion": f"autoscaling/{version}",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": name},
            "spec": spec,
        }

    ours = shop(namespace, {"one": [], "two": []}, one=[scaler("one", "v1")], two=[scaler("two", "v2")])
    for _ in range(2):
        run = started(cluster, ours, wait=False)
        assert (plan_of(run), run.objects(Pruned), run.end.exit) == ([], [], 0)
    assert kinds(cluster, namespace, "one") == "HorizontalPodAutoscaler.autoscaling"


def test_objects_outside_of_the_namespace_are_pruned_too(cluster: Cluster, namespace: str) -> None:
    elsewhere = config_map(namespace)
    elsewhere["metadata"]["namespace"] = "kube-public"
    role: Body = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": namespace},
        "rules": [],
    }
    started(cluster, web(namespace, elsewhere, role, service("web")))
    annotations = parent(cluster, namespace)["metadata"]["annotations"]
    assert annotations["applyset.kubernetes.io/additional-namespaces"] == "kube-public"
    run = started(cluster, web(namespace, service("web")))
    assert run.objects(Pruned) == [f"ConfigMap {namespace}", f"ClusterRole {namespace}"]
    assert "applyset.kubernetes.io/additional-namespaces" not in parent(cluster, namespace)["metadata"]["annotations"]
