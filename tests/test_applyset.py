"""ApplySets as KEP-3659 and kubectl have them."""

from __future__ import annotations

from typing import Any

import pytest

from meshctl import __version__
from meshctl.identity import ObjectRef
from meshctl.manifest import NAMESPACE_SERVICE, ApplySet, is_parent, kinds_of, namespaces_of

WEB = ApplySet("shop", "dev-anna", "web")
MEMBERS = [
    ObjectRef("apps/v1", "Deployment", "dev-anna", "web"),
    ObjectRef("v1", "ConfigMap", "istio-system", "web"),
    ObjectRef("rbac.authorization.k8s.io/v1", "ClusterRole", "", "web"),
]


def test_the_parent_is_as_the_specification_wants_it() -> None:
    """The id is `printf meshctl-shop-web.dev-anna.ConfigMap. | sha256sum`, as base64 that is safe in URLs."""
    assert WEB.body(MEMBERS) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "meshctl-shop-web",
            "namespace": "dev-anna",
            "labels": {
                "app.kubernetes.io/managed-by": "meshctl",
                "app.kubernetes.io/part-of": "shop",
                "meshctl.dev/service": "web",
                "applyset.kubernetes.io/id": "applyset-qa5aJV7yka6xUtnxB6cXSSKGi5fi-6eH2DqUbaNZlXc-v1",
            },
            "annotations": {
                "applyset.kubernetes.io/tooling": f"meshctl/{__version__}",
                "applyset.kubernetes.io/contains-group-kinds": (
                    "ClusterRole.rbac.authorization.k8s.io,ConfigMap,Deployment.apps"
                ),
                "applyset.kubernetes.io/additional-namespaces": "istio-system",
            },
        },
    }


def test_an_empty_set_has_no_kinds_and_no_namespaces() -> None:
    annotations = WEB.body([])["metadata"]["annotations"]
    assert annotations["applyset.kubernetes.io/contains-group-kinds"] == ""
    assert "applyset.kubernetes.io/additional-namespaces" not in annotations


def test_a_parent_is_read_back() -> None:
    parent = WEB.body(MEMBERS, kinds=[("example.com", "Widget")])
    assert kinds_of(parent) == {ref.group_kind for ref in MEMBERS} | {("example.com", "Widget")}
    assert namespaces_of(parent) == {"istio-system"}
    assert (is_parent(parent), WEB.stranger(parent)) == (True, "")


def test_the_set_of_the_namespace_has_a_name_that_no_services_has() -> None:
    assert ApplySet("shop", "dev-anna", NAMESPACE_SERVICE).parent.name == "meshctl-shop-meshctl.namespace"


def test_the_longest_names_are_names() -> None:
    longest = ApplySet("p" * 63, "n" * 63, "s" * 63)
    assert len(longest.parent.name) <= 253
    assert len(longest.id) <= 63


@pytest.mark.parametrize(
    ("labels", "annotations", "why"),
    [
        ({}, {}, "it is no ApplySet"),
        ({"applyset.kubernetes.io/id": WEB.id}, {}, "it is an ApplySet of an unknown tool"),
        (
            {"applyset.kubernetes.io/id": WEB.id},
            {"applyset.kubernetes.io/tooling": "kubectl/v1.37.1"},
            "it is an ApplySet of kubectl/v1.37.1",
        ),
        (
            {"applyset.kubernetes.io/id": "applyset-x-v1"},
            {"applyset.kubernetes.io/tooling": "meshctl/0.0.1"},
            f"its id is applyset-x-v1, and {WEB.id} is right",
        ),
        ({"applyset.kubernetes.io/id": WEB.id}, {"applyset.kubernetes.io/tooling": "meshctl/0.0.1"}, ""),
    ],
)
def test_who_is_a_stranger(labels: dict[str, str], annotations: dict[str, str], why: str) -> None:
    assert WEB.stranger({"metadata": {"labels": labels, "annotations": annotations}}) == why


@pytest.mark.parametrize(
    ("metadata", "member"),
    [
        ({"labels": {"applyset.kubernetes.io/part-of": WEB.id}}, True),
        ({"labels": {"applyset.kubernetes.io/part-of": ApplySet("shop", "dev-bob", "web").id}}, False),
        ({"labels": {"applyset.kubernetes.io/part-of": WEB.id}, "ownerReferences": [{"uid": "x"}]}, False),
        ({}, False),
    ],
)
def test_what_is_a_member(metadata: dict[str, Any], member: bool) -> None:
    assert WEB.has({"metadata": metadata}) is member
