"""Reading and writing objects of a real API server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cluster_objects import config_map, deployment
from faults import FaultyProxy

from meshctl.cluster import Cluster, connect
from meshctl.errors import Conflict, Invalid, NotFound
from meshctl.identity import ObjectRef


def test_apply_makes_then_changes_then_leaves_alone(cluster: Cluster, namespace: str) -> None:
    first = cluster.apply(config_map(namespace, colour="red"))
    second = cluster.apply(config_map(namespace, colour="blue"))
    third = cluster.apply(config_map(namespace, colour="blue"))
    versions = [result.object["metadata"]["resourceVersion"] for result in (first, second, third)]
    assert [result.created for result in (first, second, third)] == [True, False, False]
    assert versions[0] != versions[1] == versions[2]
    assert second.object["metadata"]["managedFields"][0]["manager"] == "meshctl"
    assert cluster.get(ObjectRef.of(first.object))["data"] == {"colour": "blue"}


def test_what_an_apply_asks_for(faulty: Cluster, proxy: FaultyProxy, namespace: str) -> None:
    faulty.apply(config_map(namespace))
    faulty.apply(config_map(namespace), force=True, dry_run=True, manager="other")
    plain, forced = (parse_qs(urlsplit(seen.path).query) for seen in proxy.seen)
    assert plain == {"fieldManager": ["meshctl"], "fieldValidation": ["Strict"]}
    assert forced == {**plain, "fieldManager": ["other"], "force": ["true"], "dryRun": ["All"]}
    assert proxy.seen[0].headers["Content-Type"] == "application/apply-patch+yaml"


def test_a_dry_run_stores_nothing(cluster: Cluster, namespace: str) -> None:
    body = config_map(namespace)
    reference = ObjectRef.of(body)
    assert cluster.apply(body, dry_run=True).created
    assert cluster.create(body, dry_run=True)["metadata"]["name"] == "settings"
    with pytest.raises(NotFound):
        cluster.get(reference)
    cluster.create(body)
    assert cluster.patch(reference, {"data": {"a": "b"}}, dry_run=True)["data"] == {"a": "b"}
    assert cluster.delete(reference, dry_run=True)
    assert "data" not in cluster.get(reference)


def test_what_the_server_remarks_is_kept(cluster: Cluster, namespace: str) -> None:
    endpoints = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "old", "namespace": namespace}}
    (warning,) = cluster.apply(endpoints).warnings
    assert warning.startswith("v1 Endpoints is deprecated")
    assert cluster.apply(config_map(namespace)).warnings == ()


def test_a_conflict_names_fields_and_managers(cluster: Cluster, namespace: str) -> None:
    cluster.apply(deployment(namespace, replicas=1), manager="kubectl")
    with pytest.raises(Conflict) as caught:
        cluster.apply(deployment(namespace, replicas=2))
    assert caught.value.fields == (("spec.replicas", "kubectl"),)
    assert caught.value.message == (
        f"cannot apply Deployment web in {namespace}: other managers own this field: spec.replicas (kubectl)"
    )
    assert "--force-conflicts" in caught.value.suggestion
    assert cluster.apply(deployment(namespace, replicas=2), force=True).object["spec"]["replicas"] == 2


def test_a_list_has_items_that_say_what_they_are(cluster: Cluster, namespace: str) -> None:
    for name in ("a", "b", "c"):
        body = config_map(namespace, name)
        body["metadata"]["labels"] = {"odd": "yes" if name != "b" else "no"}
        cluster.apply(body)
    listing = cluster.list("v1", "ConfigMap", namespace, labels="odd=yes")
    assert [ObjectRef.of(item) for item in listing.items] == [
        ObjectRef("v1", "ConfigMap", namespace, "a"),
        ObjectRef("v1", "ConfigMap", namespace, "c"),
    ]
    assert int(listing.resource_version) > 0
    by_field = cluster.list("v1", "ConfigMap", namespace, fields="metadata.name=b")
    assert [item["metadata"]["name"] for item in by_field.items] == ["b"]


def test_a_list_of_the_whole_cluster(cluster: Cluster, namespace: str) -> None:
    names = {item["metadata"]["name"] for item in cluster.list("v1", "Namespace").items}
    places = {item["metadata"]["namespace"] for item in cluster.list("v1", "ConfigMap").items}
    assert {namespace, "kube-system"} <= names
    assert "kube-system" in places


def test_patches_of_all_types(cluster: Cluster, namespace: str) -> None:
    cluster.apply(deployment(namespace))
    reference = ObjectRef("apps/v1", "Deployment", namespace, "web")
    merged = cluster.patch(reference, {"metadata": {"labels": {"a": "b"}}}, manager="meshctl-restart")
    assert merged["metadata"]["labels"] == {"a": "b"}
    assert "meshctl-restart" in {entry["manager"] for entry in merged["metadata"]["managedFields"]}
    replaced = cluster.patch(reference, [{"op": "replace", "path": "/spec/replicas", "value": 3}], type="json")
    assert replaced["spec"]["replicas"] == 3
    container = {"containers": [{"name": "app", "image": "example.org/app:2"}]}
    strategic = cluster.patch(reference, {"spec": {"template": {"spec": container}}}, type="strategic")
    (merged_container,) = strategic["spec"]["template"]["spec"]["containers"]
    assert (merged_container["image"], merged_container["imagePullPolicy"]) == ("example.org/app:2", "IfNotPresent")


def test_create_refuses_what_is_there(cluster: Cluster, namespace: str) -> None:
    cluster.create(config_map(namespace))
    with pytest.raises(Conflict) as caught:
        cluster.create(config_map(namespace))
    assert caught.value.code == "AlreadyExists"


def test_delete_says_whether_there_was_something(cluster: Cluster, namespace: str) -> None:
    made = cluster.create(config_map(namespace))
    reference = ObjectRef.of(made)
    assert not cluster.delete(reference, uid="another")
    assert cluster.delete(reference, uid=made["metadata"]["uid"])
    assert not cluster.delete(reference)
    assert not cluster.delete(ObjectRef("nowhere.example/v1", "Thing", namespace, "x"))


def test_a_namespaced_object_needs_a_namespace(cluster: Cluster) -> None:
    with pytest.raises(Invalid) as caught:
        cluster.get(ObjectRef("v1", "ConfigMap", "", "settings"))
    assert caught.value.message == "cannot get ConfigMap settings: it needs a namespace"


def test_names_stay_names_in_a_path(cluster: Cluster) -> None:
    assert cluster.get(ObjectRef("rbac.authorization.k8s.io/v1", "ClusterRole", "", "system:node"))["rules"]
    with pytest.raises(NotFound):
        cluster.get(ObjectRef("v1", "Namespace", "", "a?b#c d"))
    for name in ("../../version", "..", "a%2Fb"):
        with pytest.raises(Invalid):
            cluster.get(ObjectRef("v1", "Namespace", "", name))


def test_rights(cluster: Cluster, namespace: str) -> None:
    assert cluster.allowed("create", "", "pods/exec", namespace)
    assert cluster.allowed("get", "apps", "deployments", "")


def test_requests_are_counted_by_verb(sandbox_kubeconfig: Path, namespace: str) -> None:
    cluster = connect(kubeconfig=sandbox_kubeconfig, environ={})
    assert cluster.version()["gitVersion"].startswith("v1.")
    cluster.apply(config_map(namespace))
    cluster.list("v1", "ConfigMap", namespace)
    cluster.delete(ObjectRef("v1", "ConfigMap", namespace, "settings"))
    assert dict(cluster.requests) == {"version": 1, "apply": 1, "list": 1, "delete": 1}


def test_many_threads_share_one_client(cluster: Cluster, namespace: str) -> None:
    with ThreadPoolExecutor(16) as threads:
        names = [f"settings-{number}" for number in range(64)]
        results = list(threads.map(lambda name: cluster.apply(config_map(namespace, name)), names))
    assert all(result.created for result in results)
    assert {item["metadata"]["name"] for item in cluster.list("v1", "ConfigMap", namespace).items} >= set(names)
