"""What a new cluster needs before pods can run in it: a node, storage classes, and custom resource definitions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from meshctl.errors import SandboxError
from meshctl.sandbox.api import JSON, MERGE, Client
from meshctl.sandbox.control_plane import NODE
from meshctl.sandbox.kwok import PROVISIONER

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
STORAGE_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{NODE}"
KWOK_GROUP = "kwok.x-k8s.io"
KWOK_KINDS = ("Logs", "PortForward")

Body = str | Mapping[str, Any]


def install(client: Client, istio_crds: str) -> None:
    """All of it is applied, so that what was deleted is there again."""
    for name, definition in (*_kwok_definitions(), *_istio_definitions(istio_crds)):
        client.apply(f"{CRDS}/{name}", definition)
    for storage_class in _storage_classes():
        client.apply(f"{STORAGE_CLASSES}/{storage_class['metadata']['name']}", storage_class)
    client.apply(f"/api/v1/nodes/{NODE}", _node())


def _kwok_definitions() -> Iterator[tuple[str, Body]]:
    """For objects that tell KWOK where one pod's logs and ports are. What reads them checks what is in them."""
    for kind in KWOK_KINDS:
        singular = kind.lower()
        plural = singular if singular.endswith("s") else f"{singular}s"
        open_schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": open_schema}}
        names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": singular}
        yield (
            f"{plural}.{KWOK_GROUP}",
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": f"{plural}.{KWOK_GROUP}"},
                "spec": {"group": KWOK_GROUP, "names": names, "scope": "Namespaced", "versions": [version]},
            },
        )


def _istio_definitions(file: str) -> Iterator[tuple[str, Body]]:
    """Istio's own file goes to the server as it is, one document at a time."""
    if not file:
        return
    for document in re.split(r"^---$", Path(file).read_text(encoding="utf-8"), flags=re.MULTILINE):
        if "kind: CustomResourceDefinition" not in document:
            continue
        name = re.search(r"^  name: (\S+)$", document, re.MULTILINE)
        if name is None:
            raise SandboxError(f"{file} has a CustomResourceDefinition without a name")
        yield name.group(1), document


def _storage_classes() -> Iterator[dict[str, Any]]:
    """`standard` is what kind and minikube call theirs, and binds as kind's does."""
    for name, mode, default in (("kwok-volume", "Immediate", "true"), ("standard", "WaitForFirstConsumer", "false")):
        yield {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": name, "annotations": {"storageclass.kubernetes.io/is-default-class": default}},
            "provisioner": PROVISIONER,
            "reclaimPolicy": "Delete",
            "volumeBindingMode": mode,
        }


def _node() -> dict[str, Any]:
    labels = {
        "kubernetes.io/hostname": NODE,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "type": "kwok",
    }
    metadata = {"name": NODE, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata}


def tell_node_port(client: Client, port: int) -> None:
    """Where the API server finds logs, exec and port-forward. KWOK does not tell, and the port may have changed."""
    body = json.dumps({"status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}})
    status, text = client.request("PATCH", f"/api/v1/nodes/{NODE}/status", body, MERGE)
    if status != 200:
        raise SandboxError(f"the node could not be told its port: {status} {text}")


def definitions_established(client: Client) -> bool:
    """KWOK's own; until then it could not watch them."""
    found = (client.get(f"{CRDS}/{name}") or {} for name, _ in _kwok_definitions())
    return all(_condition(definition, "Established") for definition in found)


def node_ready(client: Client) -> bool:
    return _condition(client.get(f"/api/v1/nodes/{NODE}") or {}, "Ready")


def _condition(obj: dict[str, Any], kind: str) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or []
    return any(condition["type"] == kind and condition["status"] == "True" for condition in conditions)


def pod_possible(client: Client) -> bool:
    """Whether a pod of the default service account would be accepted; the controller-manager makes that account."""
    container = {"name": "probe", "image": "probe"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}, "spec": {"containers": [container]}}
    path = "/api/v1/namespaces/default/pods?dryRun=All"
    return client.request("POST", path, json.dumps(pod), JSON)[0] == 201
