"""namespace gc: the developers' namespaces that have come to their end go, with all that is in them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from meshctl.errors import NotFound
from meshctl.events import Deleted, Event, Failed, Planned, Waiting, Warned
from meshctl.identity import ObjectRef
from meshctl.lifecycle.guard import is_never_ours
from meshctl.lifecycle.interrupt import Interrupt
from meshctl.lifecycle.namespace import LOOK_AGAIN
from meshctl.lifecycle.options import CollectOptions
from meshctl.lifecycle.run import Run
from meshctl.manifest import has_expired, made_by_meshctl

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.config import Config

Body = dict[str, Any]


def expired(cluster: Cluster, project: str) -> list[Body]:
    """By name, those of one project, or of all when that is empty. Only what meshctl made, and never a system's own."""
    listed = cluster.list("v1", "Namespace", labels=made_by_meshctl(project)).items
    return sorted(filter(_is_to_go, listed), key=lambda body: str(body["metadata"]["name"]))


def collect(
    config: Config, namespaces: Sequence[Body], cluster: Cluster, options: CollectOptions, interrupt: Interrupt
) -> Iterator[Event]:
    """Events from Planned to Finished. Raises nothing of ours."""
    run = Run(config, cluster, options, interrupt)
    planned = Planned(
        action="namespace gc",
        namespace=", ".join(body["metadata"]["name"] for body in namespaces),
        context=cluster.target.context,
        services=(),
        objects=len(namespaces),
    )
    return run.conduct(_collect(run, planned, namespaces, options), planned)


def _collect(run: Run, planned: Planned, namespaces: Sequence[Body], options: CollectOptions) -> Iterator[Event]:
    yield planned
    if not namespaces:
        yield Warned(code="NothingExpired", message="no namespace has expired")
    if options.dry_run:
        yield from (Deleted(object=ObjectRef.of(body), dry_run=True) for body in namespaces)
        return
    leaving = {}
    for body in namespaces:
        ref = ObjectRef.of(body)
        if _delete(run, ref, body["metadata"]["uid"]):
            leaving[ref] = body["metadata"]["uid"]
        else:
            yield Warned(object=ref, code="NotExpired", message=f"{ref} has been given more time, so it stays")
    yield from _until_gone(run, leaving)


def _delete(run: Run, ref: ObjectRef, uid: str) -> bool:
    """Looks once more: since the question was asked, somebody may have given it more time."""
    try:
        live = run.ask(run.cluster.get, ref)
    except NotFound:
        return True
    if live["metadata"]["uid"] != uid or not _is_to_go(live):
        return False
    run.ask(run.cluster.delete, ref, uid=uid, resource_version=live["metadata"]["resourceVersion"])
    return True


def _until_gone(run: Run, leaving: dict[ObjectRef, str]) -> Iterator[Event]:
    """All of them together have the time that a service has."""
    until = time.monotonic() + run.options.timeout
    yield from (Waiting(object=ref, reason=f"waiting for {ref} to be gone, with all that is in it") for ref in leaving)
    while leaving:
        there = {body["metadata"]["uid"] for body in run.ask(run.cluster.list, "v1", "Namespace").items}
        for ref in [ref for ref, uid in leaving.items() if uid not in there]:
            del leaving[ref]
            yield Deleted(object=ref)
        if leaving and time.monotonic() > until:
            yield from (_stuck(run, ref) for ref in leaving)
            return
        if leaving:
            run.pause(LOOK_AGAIN)


def _stuck(run: Run, ref: ObjectRef) -> Failed:
    return Failed(
        object=ref,
        code="Terminating",
        message=f"{ref} is still being deleted after {run.options.timeout:g} seconds",
        suggestion=f"kubectl describe namespace {ref.name} says what is left in it",
    )


def _is_to_go(body: Body) -> bool:
    return has_expired(body, datetime.now(UTC)) and not is_never_ours(body["metadata"]["name"])
