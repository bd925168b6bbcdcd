"""What the API server asks of roles and their bindings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshctl.check.kubernetes.forms import SEGMENT, SUBDOMAIN
from meshctl.check.kubernetes.restrictions.constraints import (
    Body,
    Constraint,
    Refusal,
    among,
    filled,
    formed,
    items,
    member,
    needed,
)

_RBAC = "rbac.authorization.k8s.io"


def _role(body: Body) -> Iterator[Refusal]:
    for steps, rule in items(body, "rules"):
        if member(rule, "nonResourceURLs"):
            yield Refusal("together", (*steps, "nonResourceURLs"), "are for a ClusterRole")


def _accounts(body: Body) -> Iterator[Refusal]:
    """Of a binding that is in no namespace itself."""
    for steps, subject in items(body, "subjects"):
        if member(subject, "kind") == "ServiceAccount" and not member(subject, "namespace"):
            yield Refusal("empty", (*steps, "namespace"), "is needed for a ServiceAccount")


def _permission(body: Body) -> Iterator[Refusal]:
    yield from needed("verbs")(body)
    if not body.get("nonResourceURLs"):
        yield from needed("apiGroups", "resources")(body)
    elif body.get("resources") or body.get("apiGroups"):
        yield Refusal("together", ("nonResourceURLs",), "cannot be beside resources", "make two rules of it")


def _subject(body: Body) -> Iterator[Refusal]:
    kind, group = body.get("kind"), body.get("apiGroup")
    if kind == "ServiceAccount":
        yield from formed(SUBDOMAIN, "name")(body)
        if group:
            yield Refusal("choice", ("apiGroup",), "has to be empty for a ServiceAccount", "take it out")
    elif kind in ("User", "Group") and group not in (None, "", _RBAC):
        yield Refusal("choice", ("apiGroup",), f'has to be {_RBAC}, not "{group}"')


ACCESS: Mapping[str, tuple[Constraint, ...]] = {
    "rbac.v1.Role": (_role,),
    "rbac.v1.ClusterRoleBinding": (_accounts,),
    "rbac.v1.PolicyRule": (_permission,),
    "rbac.v1.Subject": (_subject, among("kind", "ServiceAccount", "User", "Group"), filled("kind", "name")),
    "rbac.v1.RoleRef": (
        among("kind", "Role", "ClusterRole"),
        among("apiGroup", _RBAC),
        filled("kind", "name"),
        formed(SEGMENT, "name"),
    ),
}
