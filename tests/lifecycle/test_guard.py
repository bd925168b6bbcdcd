"""What may be written to at all. No cluster is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from shop import shop

from meshctl import yamlio
from meshctl.cluster import Cluster, connect
from meshctl.config import ClusterRules, Origin
from meshctl.errors import GuardError, Where
from meshctl.lifecycle import guard

AT_THE_TOP, IN_VARS = Where("configs/dev.yaml", 2, 12), Where("configs/dev.yaml", 4, 15)
CONFIG = shop("dev-anna", {"web": []}).config


def cluster_of(folder: Path, context: str, server: str) -> Cluster:
    file = folder / "kubeconfig"
    body = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
        "current-context": context,
    }
    file.write_text(yamlio.dump(body))
    return connect(kubeconfig=file, environ={})


@pytest.mark.parametrize(
    ("context", "server"),
    [
        ("kind-dev", "https://10.0.0.1:6443"),
        ("minikube", "https://10.0.0.1:6443"),
        ("whatever", "https://127.0.0.1:6443"),
    ],
)
def test_a_cluster_on_this_machine_passes(tmp_path: Path, context: str, server: str) -> None:
    guard(CONFIG, cluster_of(tmp_path, context, server), context_named=False, yes=False)


@pytest.mark.parametrize(("named", "yes", "passes"), [(True, True, True), (True, False, False), (False, True, False)])
def test_any_other_has_to_be_named_and_confirmed(tmp_path: Path, named: bool, yes: bool, passes: bool) -> None:
    far = cluster_of(tmp_path, "prod", "https://prod.example.com")
    if passes:
        guard(CONFIG, far, context_named=named, yes=yes)
        return
    with pytest.raises(GuardError) as raised:
        guard(CONFIG, far, context_named=named, yes=yes)
    assert raised.value.exit_code == 3
    assert raised.value.code == "GuardedContext"
    assert "prod" in raised.value.message
    assert "--context prod --yes" in raised.value.suggestion


def test_what_the_project_allows_passes(tmp_path: Path) -> None:
    config = replace(CONFIG, cluster=ClusterRules(allow_contexts=("dev-*",)))
    guard(config, cluster_of(tmp_path, "dev-eu", "https://dev.example.com"), context_named=False, yes=False)
    with pytest.raises(GuardError):
        guard(config, cluster_of(tmp_path, "prod", "https://dev.example.com"), context_named=False, yes=False)


def test_the_account_of_a_pod_is_no_exception(tmp_path: Path) -> None:
    near = cluster_of(tmp_path, "minikube", "https://127.0.0.1:6443")
    near.target = replace(near.target, context="in-cluster", server="https://10.96.0.1", local=False)
    with pytest.raises(GuardError, match="context in-cluster"):
        guard(CONFIG, near, context_named=False, yes=True)
    allowed = replace(CONFIG, cluster=ClusterRules(allow_contexts=("in-cluster",)))
    guard(allowed, near, context_named=False, yes=False)


@pytest.mark.parametrize("namespace", ["default", "kube-system", "kube-public", "istio-system"])
def test_some_namespaces_are_nobodys(tmp_path: Path, namespace: str) -> None:
    config = replace(CONFIG, namespace=namespace)
    near = cluster_of(tmp_path, "minikube", "https://127.0.0.1:6443")
    with pytest.raises(GuardError) as raised:
        guard(config, near, context_named=True, yes=True)
    assert raised.value.code == "GuardedNamespace"


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ([("vars.namespace", IN_VARS, True)], IN_VARS),
        ([("namespace", AT_THE_TOP, True), ("vars.namespace", IN_VARS, True)], AT_THE_TOP),
        ([("namespace", AT_THE_TOP, False), ("namespace", None, True)], None),
    ],
    ids=["vars", "key", "option"],
)
def test_a_refused_namespace_is_shown_where_it_is_named(
    tmp_path: Path, written: list[tuple[str, Where | None, bool]], where: Where | None
) -> None:
    near = cluster_of(tmp_path, "minikube", "https://127.0.0.1:6443")
    origins = tuple(Origin(path, "default", "", place, in_force=used) for path, place, used in written)
    with pytest.raises(GuardError) as raised:
        guard(replace(CONFIG, namespace="default", origins=origins), near, context_named=True, yes=True)
    assert raised.value.where == where
