"""The developer's namespace: made when it is missing, used as it is when it is there."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from meshctl.config import Config, parse_duration
from meshctl.errors import ClusterError, Conflict, Forbidden, GuardError, NotFound
from meshctl.events import Applied, Deleted, Event
from meshctl.identity import ObjectRef
from meshctl.lifecycle.run import Run
from meshctl.manifest import LABEL_MANAGED_BY, LABEL_OWNER, LABEL_PROJECT, MANAGED_BY

LABEL_CREATED = "meshctl.dev/created"
ANNOTATION_EXPIRES = "meshctl.dev/expires"
LOOK_AGAIN = 0.5  # seconds between two looks at a namespace that goes: its rights may not include to watch it


def ensure_namespace(run: Run, *, dry_run: bool = False) -> Iterator[Event]:
    """Raises ClusterError when it is on its way out, or may not be made."""
    live = find_namespace(run)
    if live is not None:
        refuse_terminating(live)
        return
    body = namespace_body(run.config, datetime.now(UTC))
    if not dry_run:
        try:
            run.ask(run.cluster.create, body)
        except Conflict:
            return  # somebody was quicker
    yield Applied(object=ObjectRef.of(body), operation="created", dry_run=dry_run)


def find_namespace(run: Run) -> dict[str, Any] | None:
    """None when it is not there. Whoever may not look at namespaces was given one: then it counts as there."""
    try:
        return run.ask(run.cluster.get, ObjectRef("v1", "Namespace", "", run.config.namespace))
    except NotFound:
        return None
    except Forbidden:
        return {"metadata": {"name": run.config.namespace}}


def refuse_terminating(live: dict[str, Any]) -> None:
    if "deletionTimestamp" in live["metadata"]:
        raise ClusterError(
            f"namespace {live['metadata']['name']} is being deleted",
            code="NamespaceTerminating",
            suggestion="wait until it is gone, or take another one with -n",
        )


def refuse_to_delete(run: Run, *, kept: Collection[Any], others: Collection[str]) -> None:
    """Raises GuardError unless meshctl made the namespace for this project, and nothing in it is to stay."""
    live = find_namespace(run)
    name = run.config.namespace
    labels = live["metadata"].get("labels") or {} if live else {}
    if live and (labels.get(LABEL_MANAGED_BY), labels.get(LABEL_PROJECT)) != (MANAGED_BY, run.config.project):
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


def namespace_body(config: Config, now: datetime) -> dict[str, Any]:
    """Labelled with who made it, for which project, and when; for injection, if the project wants that."""
    labels = {
        LABEL_MANAGED_BY: MANAGED_BY,
        LABEL_OWNER: config.user,
        LABEL_PROJECT: config.project,
        LABEL_CREATED: now.strftime("%Y-%m-%dT%H.%M.%SZ"),
        **_injection(config),
    }
    metadata: dict[str, Any] = {"name": config.namespace, "labels": labels}
    if config.ttl:
        expires = now + timedelta(seconds=parse_duration(config.ttl))
        metadata["annotations"] = {ANNOTATION_EXPIRES: expires.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _injection(config: Config) -> dict[str, str]:
    if not config.istio.inject:
        return {}
    return {"istio.io/rev": config.istio.revision} if config.istio.revision else {"istio-injection": "enabled"}
