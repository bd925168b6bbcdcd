"""diff, on a real API server."""

from __future__ import annotations

import pytest
from running import started, writes
from shop import Shop, config_map, definition, deployment, shop, widget

from meshctl.cluster import Cluster
from meshctl.compare import FieldChange
from meshctl.errors import GuardError, Interrupted, Invalid, NoSuchKind, NotFound, Problems
from meshctl.identity import ObjectRef
from meshctl.lifecycle import Change, Interrupt, diff


def changes(cluster: Cluster, ours: Shop) -> list[Change]:
    return diff(ours.plan(), ours.bundle(), cluster)


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
    assert list(told) == ["Deployment web", "ConfigMap web", "ConfigMap extra"]
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
        diff(ours.plan(), ours.bundle(), cluster, interrupt)
