"""diff, on a real API server."""

from __future__ import annotations

from typing import Any

import pytest
from running import started, writes
from shop import Shop, config_map, definition, deployment, job, shop, widget

from meshctl.cluster import Cluster
from meshctl.compare import FieldChange
from meshctl.errors import GuardError, Interrupted, Invalid, NoSuchKind, NotFound, Problems
from meshctl.events import Pruned
from meshctl.identity import ObjectRef
from meshctl.lifecycle import Change, Interrupt, StartOptions, diff


def changes(cluster: Cluster, ours: Shop, **options: Any) -> list[Change]:
    return diff(ours.plan(), ours.bundle(), cluster, StartOptions(**options))


def test_nothing_differs_after_a_start(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []}, web=[deployment("web"), config_map("web", a="b")])
    started(cluster, ours)
    cluster.requests.clear()
    assert changes(cluster, ours) == []
    assert writes(cluster) == 0


def test_a_change_is_told_field_by_field(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": [], "db": []}, web=[deployment("web"), config_map("web", a="1", b="1")])
    started(cluster, ours)
    changed = deployment("web", replicas=3)
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "new"
    found = changes(cluster, ours.with_bodies("web", changed, config_map("web", a="2"), config_map("extra", c="1")))
    told = {str(change.ref): (change.op, change.verified, change.fields) for change in found}
    assert list(told) == ["ConfigMap extra", "ConfigMap web", "Deployment web"]
    assert told["Deployment web"] == (
        "update",
        True,
        (
            FieldChange("spec.replicas", 1, 3),
            FieldChange("spec.template.spec.containers[web].image", "registry.local/web:1", "new"),
        ),
    )
    assert told["ConfigMap web"][2] == (FieldChange("data.a", "1", "2"), FieldChange("data.b", "1", None))
    assert told["ConfigMap extra"][:2] == ("create", True)
    with pytest.raises(NotFound):
        cluster.get(ObjectRef("v1", "ConfigMap", namespace, "extra"))


def test_a_secrets_values_are_not_told(cluster: Cluster, namespace: str) -> None:
    def with_password(value: str) -> Shop:
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": value}}
        return shop(namespace, {"web": []}, web=[secret])

    created = changes(cluster, with_password("geheim"))
    started(cluster, with_password("geheim"))
    updated = changes(cluster, with_password("anders"))
    assert updated[0].fields == (FieldChange("data.password", "*** (before)", "*** (after)"),)
    assert not any(value in str([*created, *updated]) for value in ("geheim", "Z2VoZWlt", "anders", "YW5kZXJz"))


def test_what_the_server_cannot_judge_yet_is_an_addition(cluster: Cluster, unused_namespace: str) -> None:
    found = changes(cluster, shop(unused_namespace, {"web": []}))
    assert [(str(change.ref), change.op, change.verified) for change in found] == [("Deployment web", "create", False)]


def test_objects_of_a_kind_that_comes_along_are_additions(cluster: Cluster, namespace: str) -> None:
    group = f"{namespace}.example.com"
    found = changes(cluster, shop(namespace, {"web": []}, web=[definition(group), widget(group)]))
    assert [(change.ref.kind, change.verified) for change in found] == [
        ("CustomResourceDefinition", True),
        ("Widget", False),
    ]


def test_all_that_is_refused_is_told_together(cluster: Cluster, namespace: str) -> None:
    wrong = [deployment("web", unheard="of"), widget("unheard.example.com")]
    with pytest.raises(Problems) as raised:
        changes(cluster, shop(namespace, {"web": []}, web=wrong))
    assert [type(error) for error in raised.value.errors] == [Invalid, NoSuchKind]


def test_what_is_anothers_is_a_guards_business(cluster: Cluster, namespace: str) -> None:
    theirs = config_map("settings")
    theirs["metadata"] |= {"namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "Helm"}}
    cluster.create(theirs)
    with pytest.raises(GuardError, match="managed by Helm"):
        changes(cluster, shop(namespace, {"web": []}, web=[config_map("settings")]))


def test_an_interrupt_ends_it(cluster: Cluster, namespace: str) -> None:
    ours = shop(namespace, {"web": []})
    interrupt = Interrupt()
    interrupt.set()
    with pytest.raises(Interrupted):
        diff(ours.plan(), ours.bundle(), cluster, StartOptions(), interrupt)


def test_what_would_be_pruned_is_told(cluster: Cluster, namespace: str) -> None:
    started(cluster, shop(namespace, {"web": [], "old": []}, web=[config_map("web"), config_map("gone", a="1")]))
    ours = shop(namespace, {"web": []}, web=[config_map("web")])
    found = changes(cluster, ours)
    assert [(str(change.ref), change.service, change.op, change.verified) for change in found] == [
        ("ConfigMap gone", "web", "delete", True)
    ]
    assert FieldChange("data", {"a": "1"}, None) in found[0].fields
    assert changes(cluster, ours, prune=False) == []
    everything = changes(cluster, ours, everything=True)
    assert [str(change.ref) for change in everything] == ["ConfigMap gone", "Deployment old"]
    run = started(cluster, ours, everything=True, dry_run="server")
    assert run[0].prunes == tuple(change.ref for change in everything)  # type: ignore[attr-defined]
    assert [(str(event.object), event.dry_run) for event in run.of(Pruned)] == [
        ("ConfigMap gone", True),
        ("Deployment old", True),
    ]
    assert cluster.get(ObjectRef("v1", "ConfigMap", namespace, "gone"))


def test_what_would_be_taken_over_is_told(cluster: Cluster, namespace: str) -> None:
    theirs = config_map("settings", a="1")
    theirs["metadata"] |= {"namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "Helm"}}
    cluster.create(theirs)
    ours = shop(namespace, {"web": []}, web=[config_map("settings", a="1")])
    with pytest.raises(GuardError):
        changes(cluster, ours)
    (change,) = changes(cluster, ours, take_ownership=True)
    assert (str(change.ref), change.op, change.owner) == ("ConfigMap settings", "update", "it is managed by Helm")


def test_what_would_be_replaced_is_told(cluster: Cluster, namespace: str) -> None:
    started(cluster, shop(namespace, {"migrate": []}, migrate=[job("migrate")]))
    (change,) = changes(cluster, shop(namespace, {"migrate": []}, migrate=[job("migrate", image="job:2")]))
    assert (change.op, change.verified) == ("replace", False)
    image = "spec.template.spec.containers[migrate].image"
    assert change.fields == (FieldChange(image, "job:1", "job:2"),)


def test_another_tools_set_in_our_place_is_a_refusal(cluster: Cluster, namespace: str) -> None:
    parent = config_map("meshctl-shop-web")
    parent["metadata"] |= {"namespace": namespace, "labels": {"applyset.kubernetes.io/id": "theirs"}}
    cluster.create(parent)
    with pytest.raises(GuardError, match="ApplySet of an unknown tool"):
        changes(cluster, shop(namespace, {"web": []}, web=[config_map("web")]))
