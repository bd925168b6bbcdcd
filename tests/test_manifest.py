"""Order, scope, pods and what they read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshctl import yamlio
from meshctl.errors import Where
from meshctl.identity import ObjectRef
from meshctl.manifest import (
    NAMESPACE_SERVICE,
    WORKLOADS,
    Bundle,
    Manifest,
    Source,
    config_references,
    is_namespaced,
    order_key,
    pod_template,
)

IN_ORDER = [
    ObjectRef(api_version, kind, "dev", name)
    for api_version, kind, name in (
        ("v1", "Namespace", "a"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "a"),
        ("networking.k8s.io/v1", "IngressClass", "a"),
        ("v1", "ResourceQuota", "a"),
        ("v1", "ServiceAccount", "a"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", "a"),
        ("rbac.authorization.k8s.io/v1", "RoleBinding", "a"),
        ("v1", "Secret", "a"),
        ("v1", "ConfigMap", "a"),
        ("v1", "PersistentVolume", "a"),
        ("v1", "PersistentVolumeClaim", "a"),
        ("v1", "Service", "a"),
        ("apps/v1", "Deployment", "a"),
        ("apps/v1", "Deployment", "b"),
        ("batch/v1", "Job", "a"),
        ("example.com/v1", "Abc", "a"),
        ("networking.k8s.io/v1", "Ingress", "a"),
        ("networking.istio.io/v1", "VirtualService", "a"),
    )
]


@given(st.permutations(IN_ORDER))
def test_objects_go_by_kind_then_by_name(shuffled: list[ObjectRef]) -> None:
    assert sorted(shuffled, key=order_key) == IN_ORDER


@pytest.mark.parametrize(
    ("api_version", "kind", "namespaced"),
    [
        ("v1", "Pod", True),
        ("v1", "Node", False),
        ("apps/v1", "Deployment", True),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", False),
        ("networking.istio.io/v1", "VirtualService", True),
        ("telemetry.istio.io/v1", "AnythingNew", True),
        ("gateway.networking.k8s.io/v1", "GatewayClass", False),
        ("example.com/v1", "Widget", None),
        ("v1", "Deployment", None),
        ("example.com/v1", "Gadget", False),
    ],
)
def test_scope(api_version: str, kind: str, namespaced: object) -> None:
    assert is_namespaced(api_version, kind, ["Gadget.example.com", "Pod."]) is namespaced


def test_scopes_are_those_of_a_real_server(cluster_kinds: list[tuple[str, str, bool]]) -> None:
    known = {(api_version, kind): is_namespaced(api_version, kind) for api_version, kind, _ in cluster_kinds}
    assert known == {(api_version, kind): namespaced for api_version, kind, namespaced in cluster_kinds}


@pytest.fixture
def cluster_kinds(kubectl: Callable[..., str]) -> list[tuple[str, str, bool]]:
    """All kinds that the sandbox's API server has of its own and of Istio."""
    groups = json.loads(kubectl("get", "--raw", "/apis"))["groups"]
    versions = [version["groupVersion"] for group in groups for version in group["versions"]]
    found: list[tuple[str, str, bool]] = []
    for path, version in [("/api/v1", "v1"), *((f"/apis/{version}", version) for version in versions)]:
        if "kwok" in version:
            continue  # the sandbox's own
        resources = json.loads(kubectl("get", "--raw", path))["resources"]
        found += [(version, each["kind"], each["namespaced"]) for each in resources if "/" not in each["name"]]
    assert len(found) > 50
    return found


TEMPLATE = {"spec": {"containers": []}}


@pytest.mark.parametrize(
    ("api_version", "kind", "body"),
    [
        ("apps/v1", "Deployment", {"spec": {"template": TEMPLATE}}),
        ("apps/v1", "StatefulSet", {"spec": {"template": TEMPLATE}}),
        ("apps/v1", "DaemonSet", {"spec": {"template": TEMPLATE}}),
        ("apps/v1", "ReplicaSet", {"spec": {"template": TEMPLATE}}),
        ("batch/v1", "Job", {"spec": {"template": TEMPLATE}}),
        ("batch/v1", "CronJob", {"spec": {"jobTemplate": {"spec": {"template": TEMPLATE}}}}),
        ("v1", "ReplicationController", {"spec": {"template": TEMPLATE}}),
    ],
)
def test_the_pod_template_of_a_workload_is_part_of_it(api_version: str, kind: str, body: dict[str, Any]) -> None:
    assert pod_template({"apiVersion": api_version, "kind": kind, **body}) is TEMPLATE
    assert (api_version.rpartition("/")[0], kind) in WORKLOADS


def test_a_pod_is_its_own_template_and_others_have_none() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", **TEMPLATE}
    assert pod_template(pod) is pod
    for other in (
        {"apiVersion": "v1", "kind": "Service", "spec": {"template": TEMPLATE}},
        {"apiVersion": "example.com/v1", "kind": "Deployment", "spec": {"template": TEMPLATE}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": None},
        {"apiVersion": "apps/v1", "kind": "Deployment"},
        {},
    ):
        assert pod_template(other) is None


POD = """
spec:
  imagePullSecrets: [{name: not-read}]
  volumes:
  - {name: a, configMap: {name: mounted}}
  - {name: b, secret: {secretName: mounted-secret}}
  - name: c
    projected:
      sources:
      - {configMap: {name: projected}}
      - {secret: {name: projected-secret}}
      - {serviceAccountToken: {path: token}}
  - {name: d, emptyDir: {}}
  initContainers:
  - envFrom: [{configMapRef: {name: init}}]
  containers:
  - envFrom: [{secretRef: {name: env-secret}}]
    env:
    - {name: A, value: plain}
    - {name: B, valueFrom: {configMapKeyRef: {name: key, key: b}}}
    - {name: C, valueFrom: {secretKeyRef: {name: key-secret, key: c}}}
    - {name: D, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
"""


def test_what_a_pod_reads() -> None:
    assert config_references(yamlio.load(POD, "pod").value) == {
        ("ConfigMap", "mounted"),
        ("ConfigMap", "projected"),
        ("ConfigMap", "init"),
        ("ConfigMap", "key"),
        ("Secret", "mounted-secret"),
        ("Secret", "projected-secret"),
        ("Secret", "env-secret"),
        ("Secret", "key-secret"),
    }


@pytest.mark.parametrize("spec", ["", "spec: []", "spec: {volumes: {}, containers: [a, {env: b, envFrom: [c]}]}"])
def test_a_misshapen_pod_reads_nothing(spec: str) -> None:
    assert config_references(yamlio.load(spec, "pod").value or {}) == set()


def test_a_bundle_is_its_manifests_in_order() -> None:
    def manifest(service: str, name: str) -> Manifest:
        body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "dev"}}
        place = Where(f"templates/{service}/service.yaml", 3)
        return Manifest(body, service, f"{service}/service.yaml", lambda *_, **__: Source(place, place))

    quota, web, api = manifest(NAMESPACE_SERVICE, "q"), manifest("web", "web"), manifest("api", "api")
    bundle = Bundle("dev", {NAMESPACE_SERVICE: (quota,), "web": (web,), "api": (api,)})
    assert list(bundle) == [quota, web, api]
    assert len(bundle) == 3
    assert bundle.of("web") == (web,)
    assert bundle.of("nothing") == ()
    assert web.ref == ObjectRef("v1", "Service", "dev", "web")
    assert str(web.where) == "templates/web/service.yaml:3"
