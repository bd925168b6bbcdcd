"""The developer's namespace, and what comes first in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from running import started
from shop import config_map, deployment, shop

from meshctl.cluster import Cluster
from meshctl.config import Istio
from meshctl.events import Applied, Blocked, ErrorRaised, Ready, Warned
from meshctl.identity import ObjectRef
from meshctl.lifecycle.namespace import namespace_body


def labels_of(cluster: Cluster, namespace: str) -> dict[str, str]:
    found: dict[str, str] = cluster.get(ObjectRef("v1", "Namespace", "", namespace))["metadata"]["labels"]
    return found


def test_a_missing_namespace_is_made(cluster: Cluster, unused_namespace: str) -> None:
    run = started(cluster, shop(unused_namespace, {"web": []}))
    assert run.objects(Applied) == [f"Namespace {unused_namespace}", "Deployment web"]
    labels = labels_of(cluster, unused_namespace)
    assert labels["app.kubernetes.io/managed-by"] == "meshctl"
    assert (labels["meshctl.dev/owner"], labels["meshctl.dev/project"]) == ("anna", "shop")
    assert labels["istio-injection"] == "enabled"
    assert "meshctl.dev/created" in labels


def test_an_existing_namespace_is_used_as_it_is(cluster: Cluster, namespace: str) -> None:
    before = labels_of(cluster, namespace)
    assert started(cluster, shop(namespace, {"web": []})).end.exit == 0
    assert labels_of(cluster, namespace) == before


def test_a_namespace_on_its_way_out_is_refused(cluster: Cluster, namespace: str) -> None:
    held = config_map("held")
    held["metadata"] |= {"namespace": namespace, "finalizers": ["example.com/held"]}
    cluster.create(held)
    cluster.delete(ObjectRef("v1", "Namespace", "", namespace))
    try:
        run = started(cluster, shop(namespace, {"web": []}))
        assert [event.code for event in run.of(ErrorRaised)] == ["NamespaceTerminating"]
        assert run.end.exit == 1
    finally:
        cluster.patch(ObjectRef.of(held), {"metadata": {"finalizers": None}})


@pytest.mark.parametrize(
    ("istio", "label"),
    [
        (Istio(), {"istio-injection": "enabled"}),
        (Istio(revision="canary"), {"istio.io/rev": "canary"}),
        (Istio(inject=False), {}),
    ],
)
def test_injection_is_a_label_of_the_namespace(istio: Istio, label: dict[str, str]) -> None:
    config = replace(shop("dev-anna", {"web": []}).config, istio=istio, ttl="72h")
    metadata = namespace_body(config, datetime(2026, 1, 1, 12, tzinfo=UTC))["metadata"]
    assert {key: value for key, value in metadata["labels"].items() if "istio" in key} == label
    assert metadata["annotations"] == {"meshctl.dev/expires": "2026-01-04T12:00:00Z"}


def expiry(cluster: Cluster, namespace: str) -> datetime:
    annotations = cluster.get(ObjectRef("v1", "Namespace", "", namespace))["metadata"]["annotations"]
    return datetime.fromisoformat(annotations["meshctl.dev/expires"])


def test_a_namespace_of_ours_can_be_given_more_time(cluster: Cluster, unused_namespace: str) -> None:
    """`ttl` goes before that of the config, and an existing namespace is prolonged by nothing else."""
    ours = shop(unused_namespace, {"web": []}, web=[config_map("web")])
    ours = replace(ours, config=replace(ours.config, ttl="72h"))
    started(cluster, ours, ttl=3600.0)
    first = expiry(cluster, unused_namespace)
    assert timedelta(minutes=50) < first - datetime.now(UTC) < timedelta(minutes=61)
    started(cluster, ours)
    started(cluster, ours, ttl=7200.0, dry_run="server")
    assert expiry(cluster, unused_namespace) == first
    run = started(cluster, ours, ttl=7200.0)
    assert run.objects(Applied) == [f"Namespace {unused_namespace}"]
    assert timedelta(minutes=50) < expiry(cluster, unused_namespace) - first < timedelta(minutes=70)


def test_a_namespace_of_others_is_given_no_end(cluster: Cluster, namespace: str) -> None:
    run = started(cluster, shop(namespace, {"web": []}, web=[config_map("web")]), ttl=60.0)
    assert ("was not made by meshctl" in run.of(Warned)[0].message, run.end.exit) == (True, 0)
    assert not cluster.get(ObjectRef("v1", "Namespace", "", namespace))["metadata"].get("annotations")


def test_what_belongs_to_the_namespace_comes_before_all_services(cluster: Cluster, namespace: str) -> None:
    run = started(cluster, shop(namespace, {"a": [], "b": []}, _namespace=[config_map("shared")]))
    assert run.services(Applied)[0] == "_namespace"
    assert run.services(Ready)[0] == "_namespace"
    assert run[0].services == ("_namespace", "a", "b")  # type: ignore[attr-defined]


def test_when_that_fails_nothing_else_begins(cluster: Cluster, namespace: str) -> None:
    run = started(cluster, shop(namespace, {"a": [], "b": ["a"]}, _namespace=[deployment("x", unheard="of")]))
    assert [(event.service, event.by) for event in run.of(Blocked)] == [("a", ("_namespace",)), ("b", ("_namespace",))]
    assert not run.of(Applied)
