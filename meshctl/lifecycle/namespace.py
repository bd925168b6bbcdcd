"""The developer's namespace: made when it is missing, used as it is when it is there."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from meshctl.config import Config, parse_duration
from meshctl.errors import ClusterError, Conflict, Forbidden, GuardError, NotFound
from meshctl.events import Applied, Deleted, Event, Warned
from meshctl.identity import ObjectRef
from meshctl.lifecycle.run import Run
from meshctl.manifest import (
    ANNOTATION_EXPIRES,
    LABEL_CREATED,
    LABEL_MANAGED_BY,
    LABEL_OWNER,
    LABEL_PROJECT,
    MANAGED_BY,
)

LOOK_AGAIN = 0.5  # seconds between two looks at a namespace that goes: its rights may not include to watch it


def ensure_namespace(
    run: Run, live: dict[str, Any] | None, *, ttl: float | None = None, dry_run: bool = False
) -> Iterator[Event]:
    """`live` is what `find_namespace` has found. Raises ClusterError when it may not be made.

    `ttl`, in seconds from now, goes before the config's, and also for a namespace of ours that is there already.
    """
    if live is not None:
        if ttl is not None:
            yield _prolonged(run, live, ttl, dry_run=dry_run)
        return
    body = namespace_body(run.config, datetime.now(UTC), ttl)
    if not dry_run:
        try:
            run.ask(run.cluster.create, body, repeatable=True)
        except Conflict:
            return  # somebody was quicker
    yield Applied(object=ObjectRef.of(body), operation="created", dry_run=dry_run)


def _prolonged(run: Run, live: dict[str, Any], ttl: float, *, dry_run: bool) -> Event:
    """Nobody else's namespace is given an end."""
    ref = ObjectRef("v1", "Namespace", "", run.config.namespace)
    if not _is_ours(live, run.config):
        message = f"namespace {ref.name} was not made by meshctl for this project, so it gets no --ttl"
        return Warned(object=ref, code="NotOurs", message=message)
    patch = {"metadata": {"annotations": {ANNOTATION_EXPIRES: _expiry(datetime.now(UTC), ttl)}}}
    run.ask(run.cluster.patch, ref, patch, dry_run=dry_run)
    return Applied(object=ref, operation="configured", dry_run=dry_run)


def usable_namespace(run: Run) -> dict[str, Any] | None:
    """None when it has yet to be made. Raises ClusterError when it is on its way out."""
    live = find_namespace(run)
    if live is not None and "deletionTimestamp" in live["metadata"]:
        raise ClusterError(
            f"namespace {live['metadata']['name']} is being deleted",
            code="NamespaceTerminating",
            suggestion="wait until it is gone, or take another one with -n",
        )
    return live


def find_namespace(run: Run) -> dict[str, Any] | None:
    """None when it is not there. Whoever may not look at namespaces was given one: then it counts as there."""
    try:
        live = run.ask(run.cluster.get, ObjectRef("v1", "Namespace", "", run.config.namespace))
    except NotFound:
        return None
    except Forbidden:
        return {"metadata": {"name": run.config.namespace}}
    run.world.namespace = live
    return live


def refuse_to_delete(run: Run, *, kept: Collection[Any], others: Collection[str]) -> None:
    """Raises GuardError unless meshctl made the namespace for this project, and nothing in it is to stay."""
    live = find_namespace(run)
    name = run.config.namespace
    if live and not _is_ours(live, run.config):
        raise GuardError(f"namespace {name} was not made by meshctl for this project, so it stays")
    if others:
        raise GuardError(
            f"{', '.join(sorted(others))} would go with namespace {name}", suggestion="stop --all --delete-namespace"
        )
    if kept:
        names = ", ".join(sorted(str(ObjectRef.of(body)) for body in kept))
        raise GuardError(
            f"{names} would go with namespace {name}, and is to be kept",
            suggestion="--no-keep-data deletes PersistentVolumeClaims too; the annotation meshctl.dev/keep has to go",
        )


def delete_namespace(run: Run) -> Iterator[Event]:
    """Waits until it is gone. Raises ClusterError when that takes longer than a service may."""
    ref = ObjectRef("v1", "Namespace", "", run.config.namespace)
    until = time.monotonic() + run.options.timeout
    run.ask(run.cluster.delete, ref)
    while find_namespace(run) is not None:
        if time.monotonic() > until:
            raise ClusterError(
                f"namespace {ref.name} is still being deleted after {run.options.timeout:g} seconds",
                code="Terminating",
                suggestion=f"kubectl describe namespace {ref.name} says what is left in it",
            )
        run.pause(LOOK_AGAIN)
    yield Deleted(object=ref)


def _is_ours(live: dict[str, Any], config: Config) -> bool:
    """Whether meshctl made it for this project."""
    labels = live["metadata"].get("labels") or {}
    return (labels.get(LABEL_MANAGED_BY), labels.get(LABEL_PROJECT)) == (MANAGED_BY, config.project)


def namespace_body(config: Config, now: datetime, ttl: float | None = None) -> dict[str, Any]:
    """Labelled with who made it, for which project, and when; for injection, if the project wants that."""
    labels = {
        LABEL_MANAGED_BY: MANAGED_BY,
        LABEL_OWNER: config.user,
        LABEL_PROJECT: config.project,
        LABEL_CREATED: now.strftime("%Y-%m-%dT%H.%M.%SZ"),
        **_injection(config),
    }
    metadata: dict[str, Any] = {"name": config.namespace, "labels": labels}
    if ttl is None and config.ttl:
        ttl = parse_duration(config.ttl)
    if ttl is not None:
        metadata["annotations"] = {ANNOTATION_EXPIRES: _expiry(now, ttl)}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _expiry(now: datetime, ttl: float) -> str:
    return (now + timedelta(seconds=ttl)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _injection(config: Config) -> dict[str, str]:
    if not config.istio.inject:
        return {}
    return {"istio.io/rev": config.istio.revision} if config.istio.revision else {"istio-injection": "enabled"}
