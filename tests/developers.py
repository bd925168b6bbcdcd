"""A developer who has a Role in one namespace, and no right to anything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from meshctl import yamlio
from meshctl.cluster import Cluster

RBAC = "rbac.authorization.k8s.io"


def grant(cluster: Cluster, namespace: str, rules: Sequence[Mapping[str, Any]]) -> None:
    """The service account `dev` with the Role `dev` of these rules."""
    metadata = {"name": "dev", "namespace": namespace}
    role = {"apiGroup": RBAC, "kind": "Role", "name": "dev"}
    cluster.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    cluster.create({"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": rules})
    binding = {"apiVersion": f"{RBAC}/v1", "kind": "RoleBinding", "metadata": metadata, "roleRef": role}
    cluster.create({**binding, "subjects": [{"kind": "ServiceAccount", **metadata}]})


def kubeconfig_of(namespace: str, kubeconfig: Path, folder: Path, kubectl: Callable[..., str]) -> Path:
    """The developer's own, made of one that may do everything."""
    return with_token(kubectl("create", "token", "dev", "-n", namespace), kubeconfig, folder)


def with_token(token: str, kubeconfig: Path, folder: Path) -> Path:
    """The same cluster for whoever has the token."""
    config = yamlio.load(kubeconfig.read_text(), str(kubeconfig)).value
    users = [{**user, "user": {"token": token}} for user in config["users"]]
    file = folder / "developer.kubeconfig"
    file.write_text(json.dumps({**config, "users": users}))
    return file
