"""A developer who has a Role in one namespace, and no right to anything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from developers import grant, kubeconfig_of
from running import started, stopped, writes
from shop import config_map, deployment, service, shop, stateful_set

from meshctl import inventory
from meshctl.cluster import Cluster, connect
from meshctl.errors import Forbidden
from meshctl.events import Deleted, Pruned, Warned
from meshctl.identity import ObjectRef
from meshctl.lifecycle import StartOptions, diff

RULES = [
    {"apiGroups": [""], "resources": ["configmaps", "secrets", "services"]},
    {"apiGroups": [""], "resources": ["persistentvolumeclaims", "pods", "events"]},
    {"apiGroups": ["apps"], "resources": ["deployments", "replicasets", "statefulsets"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"]},
]


@pytest.fixture
def developer(
    cluster: Cluster, namespace: str, sandbox_kubeconfig: Path, tmp_path: Path, kubectl: Callable[..., str]
) -> Cluster:
    """The cluster as a service account sees it that may do everything with a few kinds of this namespace."""
    grant(cluster, namespace, [{**rule, "verbs": ["*"]} for rule in RULES])
    file = kubeconfig_of(namespace, sandbox_kubeconfig, tmp_path, kubectl)
    return connect(kubeconfig=file, environ={})


def test_a_role_in_one_namespace_is_enough(developer: Cluster, namespace: str) -> None:
    """Start, start again, look, prune, stop: in one story, as each step stands on the one before."""
    for ref in (ObjectRef("v1", "Namespace", "", namespace), ObjectRef("v1", "Node", "", "any")):
        with pytest.raises(Forbidden):
            developer.get(ref)
    needs = {"db": [], "web": ["db"], "old": []}
    first = shop(
        namespace, needs, db=[stateful_set("db")], web=[deployment("web"), service("web"), config_map("web")],
        old=[config_map("old")],
    )  # fmt: skip
    assert started(developer, first).end.exit == 0
    before = writes(developer)
    assert started(developer, first).end.counts == {"unchanged": 5, "ready": 3}
    assert writes(developer) - before <= 2  # the run's own Lease

    today = shop(namespace, {"db": [], "web": ["db"]}, db=[stateful_set("db")], web=[deployment("web")])
    options = StartOptions(everything=True)
    found = diff(today.plan(), today.bundle(), developer, options)
    assert {(str(change.ref), change.op) for change in found} == {
        ("ConfigMap old", "delete"),
        ("ConfigMap web", "delete"),
        ("Service web", "delete"),
    }
    table = inventory.read(developer, inventory.Status(today.plan(), today.bundle(), orphans=True))
    assert {row.name: str(row.state) for row in table.rows} == {"db": "ready", "web": "ready", "old": "orphan"}
    run = started(developer, today, everything=True)
    assert sorted(run.objects(Pruned)) == ["ConfigMap old", "ConfigMap web", "Service web"]
    assert run.end.exit == 0

    run = stopped(developer, today)
    assert run.objects(Deleted) == ["Deployment web", "StatefulSet db"]
    assert (run.end.exit, run.of(Warned)) == (0, [])
