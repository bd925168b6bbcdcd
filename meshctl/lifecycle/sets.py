"""The ApplySets of a run: their parents, and what of their members has left the templates.

A parent lists more kinds than there may be before anything is added, and just those that there are when all that has
left is gone: whatever happens in between, the next run finds everything again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from meshctl.compare import as_wanted
from meshctl.errors import Forbidden, GuardError, MeshctlError, NoSuchKind
from meshctl.events import Deleted
from meshctl.identity import ObjectRef
from meshctl.lifecycle.deleting import prune
from meshctl.lifecycle.failing import failed
from meshctl.lifecycle.ownership import NOT_OURS, is_copy
from meshctl.lifecycle.turn import Stuck, Task, Turn
from meshctl.lifecycle.world import Scope, scope_of
from meshctl.manifest import (
    NAMESPACE_SERVICE,
    ApplySet,
    Bundle,
    is_kept,
    is_parent,
    kinds_of,
    namespaces_of,
)

if TYPE_CHECKING:
    from meshctl.lifecycle.run import Run
    from meshctl.lifecycle.world import Body

GroupKind = tuple[str, str]


class Sets:
    """Those of the bundle's services; with `everything` also of services that the config no longer has."""

    def __init__(self, run: Run, bundle: Bundle, *, prunes: bool = True, everything: bool = False) -> None:
        self._run = run
        self._bundle = bundle
        self._prunes = prunes
        self._everything = everything
        self._unseen: set[GroupKind] = set()  # kinds that we may not list: nobody knows whether any are left

    def listen(self) -> None:
        """Begins to watch the kinds of the templates and the parents, then what only the parents know of."""
        self._run.listen(self.scopes())
        self.listen_more()

    def scopes(self) -> list[Scope]:
        config = self._run.config
        parents = Scope("v1", "ConfigMap", config.namespace)
        return [parents, *(scope_of(manifest.ref, config) for manifest in self._bundle)]

    def listen_more(self) -> None:
        """What is listed no more may be gone, or may not be listed: then nobody knows whether any is left."""
        unknown = [scope for scope in self._more_scopes() if not self._run.world.knows(scope)]
        more = {scope: self._run.listening(scope, "") for scope in unknown}
        self._run.wait_for(more.values())
        for scope, answer in more.items():
            try:
                self._run.attach(scope, answer)
            except NoSuchKind:
                self._run.forget(scope)
            except Forbidden:
                self._unseen.add(ObjectRef(scope.api_version, scope.kind, "", "").group_kind)

    @property
    def more(self) -> list[str]:
        """Those that no template has any more: `_namespace`, which is part of every run, and orphans."""
        there = {NAMESPACE_SERVICE, *self.orphans} & self._run.world.services
        return sorted(there - self._bundle.services.keys())

    @property
    def orphans(self) -> list[str]:
        known = {NAMESPACE_SERVICE, *self._run.config.services}
        return sorted(self._run.world.services - known) if self._everything else []

    def leaving_all(self) -> list[tuple[str, Body]]:
        """With the service of each."""
        return [(name, body) for name in self._names for body in self.leaving(name)]

    def leaving(self, service: str) -> list[Body]:
        """The members that no template has any more. Data stays, and what is marked to be kept."""
        return [
            body
            for body in (self._members(service) if self._prunes else ())
            if ObjectRef.of(body).versionless not in self._wanted
            and body["kind"] != "PersistentVolumeClaim"
            and not is_kept(body)
        ]

    def is_settled(self, service: str) -> bool:
        """Whether nothing leaves, and the parent, if there is to be one, is as it should be."""
        if self.leaving(service):
            return False
        live = self._run.world.get(self._set(service).parent)
        staying = self._staying(service, ())
        if not staying:
            return live is None or not is_parent(live)
        return live is not None and as_wanted(self._parent(service, staying), live)

    def refusal(self, service: str, *, take_ownership: bool) -> tuple[ObjectRef, GuardError | None]:
        """The parent of a service that has objects, and why its name cannot be ours."""
        ours = self._set(service)
        live = self._run.world.get(ours.parent) if self._bundle.of(service) else None
        return ours.parent, _refusal(ours, live, take_ownership=take_ownership)

    def prune(self, turn: Turn, planned: Collection[str]) -> Task:
        """Deletes what leaves, of those `planned` uids, then lets the parent say what is left. Raises Stuck."""
        leaving = [body for body in self.leaving(turn.service) if body["metadata"]["uid"] in planned]
        yield from prune(turn, leaving)
        staying = self._staying(turn.service, leaving)
        body = self._parent(turn.service, staying)
        yield from put_parent(turn, self._set(turn.service), body if staying else None)
        if not staying and leaving:
            yield Deleted(service=turn.service)

    @property
    def _names(self) -> list[str]:
        return [*self._bundle.services, *self.more]

    def _set(self, service: str) -> ApplySet:
        return set_of(self._run, service)

    @cached_property
    def _wanted(self) -> set[tuple[str, str, str, str]]:
        """Of all services: what another of them wants now is not deleted under it."""
        return {manifest.ref.versionless for manifest in self._bundle}

    def _members(self, service: str) -> list[Body]:
        """Each once, though it may be known in two versions of its API."""
        ours = self._set(service)
        found = {
            body["metadata"]["uid"]: body
            for body in self._run.world.of(service)
            if ours.has(body) and not is_copy(body)
        }
        return list(found.values())

    def _staying(self, service: str, leaving: Iterable[Body]) -> list[ObjectRef]:
        gone = {body["metadata"]["uid"] for body in leaving}
        members = [ObjectRef.of(body) for body in self._members(service) if body["metadata"]["uid"] not in gone]
        return [*(manifest.ref for manifest in self._bundle.of(service)), *members]

    def _parent(self, service: str, staying: Iterable[ObjectRef]) -> dict[str, Any]:
        live = self._run.world.get(self._set(service).parent)
        return self._set(service).body(staying, kinds=self._unseen & kinds_of(live) if live else ())

    def _more_scopes(self) -> Iterator[Scope]:
        """What the parents list, in the versions of the templates, else of the server; what it has no more is gone."""
        config = self._run.config
        parents = [live for name in self._names if (live := self._run.world.get(self._set(name).parent))]
        wanted = {
            (each, namespace)
            for parent in filter(is_parent, parents)
            for each in kinds_of(parent)
            for namespace in (config.namespace, *namespaces_of(parent))
        }
        served = self._served({each for each, _ in wanted})
        for each, namespace in sorted(wanted):
            if each in served:
                version, namespaced = served[each]
                yield scope_of(ObjectRef(version, each[1], namespace if namespaced else "", ""), config)

    def _served(self, kinds: set[GroupKind]) -> dict[GroupKind, tuple[str, bool]]:
        """The version of each kind, and whether it is namespaced; the server is asked only for those of no template."""
        known = {each.ref.group_kind: (each.ref.api_version, bool(each.ref.namespace)) for each in self._bundle}
        known["", "ConfigMap"] = "v1", True
        if kinds - known.keys():
            for resource in self._run.ask(self._run.cluster.resources):
                group_kind = (resource.api_version.rpartition("/")[0], resource.kind)
                known.setdefault(group_kind, (resource.api_version, resource.namespaced))
        return known


def set_of(run: Run, service: str) -> ApplySet:
    return ApplySet(run.config.project, run.config.namespace, service)


def enlist(turn: Turn, refs: Collection[ObjectRef], *, take_ownership: bool) -> Task:
    """Before members are applied: their kinds are added to the parent's, and it is made if need be. Raises Stuck."""
    if not refs:
        return
    ours = set_of(turn.run, turn.service)
    live = turn.run.world.get(ours.parent)
    if error := _refusal(ours, live, take_ownership=take_ownership):
        raise Stuck(failed(turn, ours.parent, error))
    known = live if live and is_parent(live) else None
    body = ours.body(refs, kinds=kinds_of(known) if known else (), namespaces=namespaces_of(known) if known else ())
    yield from put_parent(turn, ours, body)


def put_parent(turn: Turn, ours: ApplySet, body: dict[str, Any] | None) -> Task:
    """Stores the parent unless it is as it should be; None deletes it. Another tool's is left alone. Raises Stuck."""
    world, cluster, ask = turn.run.world, turn.run.cluster, turn.run.breaker.ask
    live = world.get(ours.parent)
    if live is not None and ours.stranger(live) and (body is None or is_parent(live)):
        return
    try:
        if body is None and live is not None:
            yield from turn.ask(ask, ours.parent, cluster.delete, ours.parent, uid=live["metadata"]["uid"])
        elif body is not None and (live is None or not as_wanted(body, live)):
            result = yield from turn.ask(ask, ours.parent, cluster.apply, body, force=True)
            world.put(result.object)
    except MeshctlError as error:
        raise Stuck(failed(turn, ours.parent, error)) from error


def _refusal(ours: ApplySet, live: Body | None, *, take_ownership: bool) -> GuardError | None:
    """Another tool's set is never taken over, any other object of that name when told so."""
    why = ours.stranger(live) if live else ""
    if not (live and why) or (take_ownership and not is_parent(live)):
        return None
    advice = "delete it with the tool that made it, or give the service another name"
    return GuardError(
        f"{ours.parent} would be the parent of this service's ApplySet, but {why}",
        code=NOT_OURS,
        suggestion=advice if is_parent(live) else "--take-ownership takes it over",
    )
