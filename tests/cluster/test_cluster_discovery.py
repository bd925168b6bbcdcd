"""Kinds: those that every server has cost no request, others are asked for once and kept."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults import FaultyProxy, answer

from meshctl import manifest
from meshctl.cluster import Cluster, Resource, connect
from meshctl.errors import NoSuchKind, Overloaded
from meshctl.identity import ObjectRef


@pytest.fixture
def fresh(sandbox_kubeconfig: Path, tmp_path: Path) -> Cluster:
    """A client with an empty cache."""
    return with_cache(sandbox_kubeconfig, tmp_path / "cache")


def with_cache(kubeconfig: Path, cache: Path) -> Cluster:
    connected = connect(kubeconfig=kubeconfig, environ={})
    return Cluster(connected.target, connected._transport, cache)


@pytest.fixture(scope="module")
def thing(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """A kind of one's own, served: (apiVersion, kind)."""
    group = f"g{uuid.uuid4().hex[:8]}.example.org"
    body = definition(group)
    cluster.apply(body)
    cluster.list(f"{group}/v1", "Thing")
    yield f"{group}/v1", "Thing"
    cluster.delete(ObjectRef.of(body))


def test_a_kind_can_be_used_as_soon_as_it_was_defined(cluster: Cluster, namespace: str) -> None:
    """Without a word about it, although the server needs a moment."""
    group = f"g{uuid.uuid4().hex[:8]}.example.org"
    body = definition(group)
    cluster.apply(body)
    metadata = {"name": "one", "namespace": namespace}
    assert cluster.apply({"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": metadata}).created
    cluster.delete(ObjectRef.of(body))


def definition(group: str, plural: str = "things") -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Thing", "plural": plural}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def test_the_table_of_kinds_is_what_the_server_serves(fresh: Cluster) -> None:
    """All built-in kinds and Istio's, name for name."""
    known = [each for each in fresh.resources() if manifest.is_namespaced(each.api_version, each.kind) is not None]
    assert len(known) > 60
    for served in known:
        table = fresh.resource(served.api_version, served.kind)
        assert (table.plural, table.namespaced) == (served.plural, served.namespaced), served
    assert fresh.requests == {"discovery": 2}


def test_all_kinds_come_in_the_version_that_the_server_prefers(fresh: Cluster) -> None:
    versions = {resource.kind: resource.api_version for resource in fresh.resources()}
    assert versions["Deployment"] == "apps/v1"
    assert versions["HorizontalPodAutoscaler"] == "autoscaling/v2"
    assert versions["VirtualService"] == "networking.istio.io/v1"
    assert "TokenReview" not in versions  # nothing to list


def test_other_kinds_are_asked_for_once(fresh: Cluster, namespace: str, thing: tuple[str, str]) -> None:
    found = fresh.resource(*thing)
    assert found == Resource(*thing, "things", namespaced=True, verbs=found.verbs)
    assert "list" in found.verbs
    body = {"apiVersion": thing[0], "kind": thing[1], "metadata": {"name": "one", "namespace": namespace}}
    assert fresh.apply(body).created
    assert len(fresh.list(*thing, namespace).items) == 1
    assert fresh.requests == {"discovery": 1, "apply": 1, "list": 1}


def test_they_are_kept_across_runs(sandbox_kubeconfig: Path, tmp_path: Path, thing: tuple[str, str]) -> None:
    with_cache(sandbox_kubeconfig, tmp_path).resource(*thing)
    second = with_cache(sandbox_kubeconfig, tmp_path)
    assert second.resource(*thing).plural == "things"
    assert not second.requests


@pytest.mark.parametrize("damage", ["{", "[1]", '[{"kind": "Thing"}]'])
def test_a_damaged_cache_is_none(sandbox_kubeconfig: Path, tmp_path: Path, thing: tuple[str, str], damage: str) -> None:
    with_cache(sandbox_kubeconfig, tmp_path).resource(*thing)
    (file,) = tmp_path.rglob("*.json")
    file.write_text(damage)
    assert with_cache(sandbox_kubeconfig, tmp_path).resource(*thing).plural == "things"


def test_what_was_kept_for_too_long_is_asked_for_again(
    sandbox_kubeconfig: Path, tmp_path: Path, namespace: str, thing: tuple[str, str]
) -> None:
    with_cache(sandbox_kubeconfig, tmp_path).resource(*thing)
    (file,) = tmp_path.rglob("*.json")
    file.write_text(json.dumps([{**json.loads(file.read_text())[0], "plural": "oldnames"}]))
    stale = with_cache(sandbox_kubeconfig, tmp_path)
    assert stale.resource(*thing).plural == "oldnames"
    assert stale.list(*thing, namespace).items == []
    assert stale.requests["discovery"] == 1
    assert stale.resource(*thing).plural == "things"


class TestNoSuchKind:
    def refusal(self, cluster: Cluster, api_version: str, kind: str) -> NoSuchKind:
        with pytest.raises(NoSuchKind) as caught:
            cluster.list(api_version, kind, "default")
        return caught.value

    def test_a_definition_that_is_not_installed(self, fresh: Cluster) -> None:
        error = self.refusal(fresh, "example.org/v1", "Thing")
        assert error.message == (
            "cannot list Things in default: the server knows no kind Thing in example.org/v1; "
            "its CustomResourceDefinition is not installed"
        )

    def test_a_version_that_is_no_longer_served(self, fresh: Cluster) -> None:
        error = self.refusal(fresh, "apps/v1beta1", "Deployment")
        assert error.message.endswith("the server knows no kind Deployment in apps/v1beta1")

    def test_a_kind_that_is_misspelt(self, fresh: Cluster) -> None:
        assert self.refusal(fresh, "apps/v1", "Deploymnt").suggestion == "did you mean Deployment?"

    def test_a_server_without_istio(self, faulty: Cluster, proxy: FaultyProxy) -> None:
        proxy.inject(answer(404, body=b"404 page not found\n"))
        error = self.refusal(faulty, "networking.istio.io/v1", "VirtualService")
        assert "its CustomResourceDefinition is not installed" in error.message
        assert "istioctl install" in error.suggestion

    def test_a_server_that_cannot_be_asked_is_another_matter(self, faulty: Cluster, proxy: FaultyProxy) -> None:
        proxy.inject(answer(503, "no", reason="ServiceUnavailable", retry_after=60))
        with pytest.raises(Overloaded):
            faulty.resource("example.org/v1", "Thing")
