"""Whose is an object? Decided by its labels; what carries another's is never changed or deleted unasked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshctl.compare import applied_fields
from meshctl.errors import GuardError
from meshctl.identity import ObjectRef
from meshctl.manifest import (
    LABEL_MANAGED_BY,
    LABEL_MEMBER,
    LABEL_NAMESPACE,
    LABEL_PART_OF,
    LABEL_SERVICE,
    MANAGED_BY,
    service_of,
)

Body = Mapping[str, Any]

NOT_OURS = "NotOurs"

_FROM_TEMPLATES = ("Pod", "ReplicaSet", "ControllerRevision")  # made by controllers, with the pod template's labels


def service_in(body: Body, project: str) -> str:
    """The project's service that an object belongs to, empty when it belongs to none, or is managed by others now."""
    if body.get("kind") in _FROM_TEMPLATES and has_controller(body):
        return service_of(body, project)
    labels = _labels(body)
    ours = (labels.get(LABEL_MANAGED_BY), labels.get(LABEL_PART_OF)) == (MANAGED_BY, project)
    return service_of(body, project) if ours else ""


def has_controller(body: Body) -> bool:
    return any(owner.get("controller") for owner in body["metadata"].get("ownerReferences") or ())


def is_copy(body: Body) -> bool:
    """Endpoints have the labels of their Service, but no owner, and go with it; those of a template are applied."""
    return body["kind"] == "Endpoints" and applied_fields(body, str(body["apiVersion"])) is None


def other_owner(live: Body, wanted: Body, namespace: str) -> str:
    """Who owns the live object, in words, when that is not the service that wants it; empty when it is free or ours.

    `namespace` is the developer's: objects outside of it are told apart by it, as two developers run one project.
    """
    theirs, ours = _labels(live), _labels(wanted)
    if theirs.get(LABEL_MANAGED_BY, MANAGED_BY) != MANAGED_BY:
        return f"it is managed by {theirs[LABEL_MANAGED_BY]}"
    if theirs.get(LABEL_PART_OF, ours.get(LABEL_PART_OF)) != ours.get(LABEL_PART_OF):
        return f"it is part of {theirs[LABEL_PART_OF]}"
    if theirs.get(LABEL_SERVICE, ours.get(LABEL_SERVICE)) != ours.get(LABEL_SERVICE):
        return f"it belongs to service {theirs[LABEL_SERVICE]} of this project"
    if LABEL_SERVICE in theirs and theirs.get(LABEL_NAMESPACE, namespace) != namespace:
        return f"it belongs to namespace {theirs[LABEL_NAMESPACE]}"
    if theirs.get(LABEL_MEMBER, ours.get(LABEL_MEMBER)) != ours.get(LABEL_MEMBER):
        return f"it is part of another ApplySet, {theirs[LABEL_MEMBER]}"
    return ""


def not_ours(ref: ObjectRef, owner: str) -> GuardError:
    advice = "--take-ownership takes it over; or give yours another name"
    return GuardError(f"{ref} is not ours: {owner}", code=NOT_OURS, suggestion=advice)


def _labels(body: Body) -> Mapping[str, str]:
    return body["metadata"].get("labels") or {}
