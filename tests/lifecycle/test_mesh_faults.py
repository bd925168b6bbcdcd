"""The mesh's own faults on a real API server, told by start and, for what is there, by status."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from running import started
from shop import deployment, service, shop

from meshctl import inventory
from meshctl.cluster import Cluster
from meshctl.events import Ready, Warned
from meshctl.identity import ObjectRef

Body = dict[str, Any]
ISTIO = "networking.istio.io/v1"


def test_sidecars_and_subsets(cluster: Cluster, namespace: str) -> None:
    proxied = deployment("proxied", fail="NotReady")
    pod = proxied["spec"]["template"]
    pod["metadata"]["annotations"] = {"sandbox.meshctl.dev/fail-container": "istio-proxy"}
    pod["spec"]["containers"].append({"name": "istio-proxy", "image": "registry.local/proxy:1"})
    rule = istio("DestinationRule", {"host": "web", "subsets": [{"name": "v1", "labels": {"app": "web"}}]})
    route = istio("VirtualService", {"hosts": ["web"], "http": [{"route": [to("v1"), to("v2")]}]})
    ours = shop(
        namespace, {"web": [], "proxied": []}, web=[deployment("web"), service("web"), rule, route], proxied=[proxied]
    ).waiting("proxied", 3)
    run = started(cluster, ours.waiting("web", 20, "cel=self.kind != 'Deployment' || self.status.readyReplicas == 1"))

    assert run.services(Ready) == ["web"]
    failed = run.failures["proxied"]
    assert failed.code == "SidecarNotReady"
    assert "istio-proxy" in "\n".join(failed.evidence)
    assert [(warned.service, warned.code) for warned in run.of(Warned)] == [("web", "SubsetMissing")]
    assert "subset v2 of web, which no DestinationRule has" in run.of(Warned)[0].message

    rows = {row.name: row for row in inventory.read(cluster, inventory.Status(ours.plan(), ours.bundle())).rows}
    assert (rows["web"].state, rows["web"].reason) == ("ready", f"SubsetMissing: {run.of(Warned)[0].message}")
    assert rows["proxied"].reason.startswith("SidecarNotReady: ")


def test_an_injection_webhook_that_is_down(cluster: Cluster, namespace: str) -> None:
    with dead_injector(cluster, namespace):
        ours = shop(namespace, {"web": []}).waiting("web", 4)
        run = started(cluster, ours)
        assert run.failures["web"].code == "InjectionWebhookDown"
        assert "namespace.sidecar-injector.istio.io" in run.failures["web"].message
        row = inventory.read(cluster, inventory.Status(ours.plan())).rows[0]
        assert row.reason.startswith("InjectionWebhookDown: ")


def istio(kind: str, spec: Body) -> Body:
    return {"apiVersion": ISTIO, "kind": kind, "metadata": {"name": "web"}, "spec": spec}


def to(subset: str) -> Body:
    return {"destination": {"host": "web", "subset": subset}, "weight": 50}


@contextmanager
def dead_injector(cluster: Cluster, namespace: str) -> Iterator[None]:
    """Nobody listens at its port."""
    hook = {
        "name": "namespace.sidecar-injector.istio.io",
        "clientConfig": {"url": "https://127.0.0.1:1/inject"},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "timeoutSeconds": 1,
    }
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": f"injector-{namespace}"},
        "webhooks": [hook],
    }
    cluster.apply(body)
    time.sleep(0.5)  # until the API server asks it
    try:
        yield
    finally:
        cluster.delete(ObjectRef.of(body))
