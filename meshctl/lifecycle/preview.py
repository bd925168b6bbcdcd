"""What a start would do, asked of the server's own dry run; nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from meshctl.compare import as_wanted, canonical
from meshctl.errors import Invalid, MeshctlError, NoSuchKind, NotFound
from meshctl.events import Applied, Event, Failed, Finished, Planned, Pruned, Unchanged, Warned
from meshctl.identity import ObjectRef
from meshctl.lifecycle.applying import defined_kinds
from meshctl.lifecycle.namespace import ensure_namespace, usable_namespace
from meshctl.lifecycle.options import StartOptions
from meshctl.lifecycle.ownership import not_ours, other_owner
from meshctl.lifecycle.replacing import refusal
from meshctl.lifecycle.run import Run
from meshctl.lifecycle.sets import Sets
from meshctl.lifecycle.world import Scope, scope_of
from meshctl.manifest import Bundle, Manifest

if TYPE_CHECKING:
    from meshctl.cluster import Result

Body = Mapping[str, Any]
Operation = Literal["create", "update", "replace", "delete"]

_DONE = {"create": "created", "update": "configured", "replace": "replaced"}


@dataclass(frozen=True)
class Prospect:
    """One object before and after; `wanted` is its manifest's body, `after` what the server would make of it.

    Neither `after` nor `error` is set where the server could not be asked yet. `owner` says whose it was, in words,
    when it is taken over.
    """

    ref: ObjectRef
    service: str
    before: Body | None
    wanted: Body | None = None
    after: Body | None = None
    error: MeshctlError | None = None
    replaces: bool = False
    owner: str = ""

    @property
    def operation(self) -> Operation:
        if self.wanted is None:
            return "delete"
        if self.before is None:
            return "create"
        return "replace" if self.replaces else "update"

    @property
    def changes(self) -> bool:
        return self.before is None or self.after is not self.before

    @property
    def verified(self) -> bool:
        return self.after is not None or self.operation == "delete"


def sketch(planned: Planned, bundle: Bundle) -> Iterator[Event]:
    """A client's dry run: what would be sent, without asking anybody whether it is there already."""
    yield planned
    for manifest in bundle.in_order():
        yield Applied(service=manifest.service, object=manifest.ref, operation="applied", dry_run=True)
    yield Finished(exit=0, seconds=0.0, counts={"applied": len(bundle)})


def dry_run(run: Run, planned: Planned, _: object, bundle: Bundle, options: StartOptions) -> Iterator[Event]:
    """A start whose every apply is a dry run: in order, waiting for nothing."""
    live = usable_namespace(run)
    foreseen = _Preview(run, bundle, options).prospects() if live else _unverified(bundle)
    yield replace(planned, prunes=tuple(each.ref for each in foreseen if each.operation == "delete" and not each.error))
    yield from ensure_namespace(run, live, ttl=options.ttl, dry_run=True)
    yield from (_event(prospect) for prospect in foreseen)
    if unverified := sum(not (prospect.verified or prospect.error) for prospect in foreseen):
        yield Warned(
            code="NotVerified",
            message=f"{unverified} objects were not verified by the server: their namespace or kind is not there yet",
        )


def prospects(run: Run, bundle: Bundle, options: StartOptions) -> Sequence[Prospect]:
    """Of every object of the bundle, as a start sends them, then of what would be pruned.

    Raises ClusterError when the namespace is on its way out.
    """
    return _Preview(run, bundle, options).prospects() if usable_namespace(run) else _unverified(bundle)


def _unverified(bundle: Bundle) -> Sequence[Prospect]:
    return [_of(manifest, None) for manifest in bundle.in_order()]


class _Preview:
    def __init__(self, run: Run, bundle: Bundle, options: StartOptions) -> None:
        self._run = run
        self._bundle = bundle
        self._options = options
        self._sets = Sets(run, bundle, prunes=options.prune, everything=options.everything)
        self._defined = frozenset(defined_kinds(bundle))
        self._redefined: frozenset[tuple[str, str]] = frozenset()
        self._refused: dict[Scope, MeshctlError] = {}

    def prospects(self) -> Sequence[Prospect]:
        self._listen()
        self._sets.listen_more()
        changed = (each for each in self._bundle if not self._is_as_wanted(each))
        self._redefined = frozenset(defined_kinds(changed))
        self._look_up([each.ref for each in self._bundle if each.ref.namespace != self._bundle.namespace])
        asked = [(each, self._known(each) or self._ask(each)) for each in self._bundle.in_order()]
        leaving = [(name, body, self._ask_to_delete(body)) for name, body in self._sets.leaving_all()]
        self._run.wait_for([answer for _, answer in asked if isinstance(answer, Future)])
        self._run.wait_for([answer for _, _, answer in leaving])
        return [
            *self._strangers(),
            *(found if isinstance(found, Prospect) else self._answer(each, found) for each, found in asked),
            *(Prospect(ObjectRef.of(body), name, body, error=_error(answer)) for name, body, answer in leaving),
        ]

    def _listen(self) -> None:
        answers = {scope: self._run.listening(scope, "") for scope in dict.fromkeys(self._sets.scopes())}
        self._run.wait_for(answers.values())
        for scope, answer in answers.items():
            try:
                self._run.attach(scope, answer)
            except MeshctlError as error:
                self._refused[scope] = error

    def _look_up(self, refs: Iterable[ObjectRef]) -> None:
        """Objects outside of the namespace that are not labelled as ours."""
        unknown = [ref for ref in refs if self._run.world.get(ref) is None]
        answers = [self._run.workers.submit("", self._run.cluster.get, ref) for ref in unknown]
        self._run.wait_for(answers)
        for answer in answers:
            try:
                self._run.world.put(answer.result())
            except (NotFound, NoSuchKind):
                continue

    def _strangers(self) -> Iterator[Prospect]:
        """What has the name of a set's parent and is another's."""
        for service in self._bundle.services:
            parent, error = self._sets.refusal(service, take_ownership=self._options.take_ownership)
            if error:
                yield Prospect(parent, service, self._run.world.get(parent), error=error)

    def _known(self, manifest: Manifest) -> Prospect | None:
        """What needs no question."""
        live = self._run.world.get(manifest.ref)
        if error := self._refused.get(scope_of(manifest.ref, self._run.config)):
            soon = (manifest.ref.api_version, manifest.ref.kind) in self._defined
            return _of(manifest, None, error=None if isinstance(error, NoSuchKind) and soon else error)
        if live is None:
            return None
        if (owner := self._owner(manifest)) and not self._options.take_ownership:
            return _of(manifest, live, error=not_ours(manifest.ref, owner))
        return _of(manifest, live, after=live) if self._is_as_wanted(manifest) else None

    def _is_as_wanted(self, manifest: Manifest) -> bool:
        live = self._run.world.get(manifest.ref)
        return live is not None and as_wanted(manifest.body, live)

    def _owner(self, manifest: Manifest) -> str:
        live = self._run.world.get(manifest.ref)
        return other_owner(live, manifest.body, self._bundle.namespace) if live else ""

    def _ask(self, manifest: Manifest) -> Future[Result]:
        force = self._options.force_conflicts or bool(self._owner(manifest))
        ask, apply, body = self._run.breaker.ask, self._run.cluster.apply, canonical(manifest.body)
        return self._run.workers.submit("", ask, manifest.ref, apply, body, force=force, dry_run=True)

    def _ask_to_delete(self, body: Body) -> Future[bool]:
        ref, uid = ObjectRef.of(body), body["metadata"]["uid"]
        return self._run.workers.submit("", self._run.cluster.delete, ref, uid=uid, dry_run=True)

    def _answer(self, manifest: Manifest, answer: Future[Result]) -> Prospect:
        live, owner = self._run.world.get(manifest.ref), self._owner(manifest)
        try:
            return _of(manifest, live, after=answer.result().object, owner=owner)
        except MeshctlError as error:
            if error.code == "NamespaceNotFound" and self._makes_namespace(manifest.ref.namespace):
                return _of(manifest, None)
            if isinstance(error, Invalid) and (manifest.ref.api_version, manifest.ref.kind) in self._redefined:
                return _of(manifest, live)  # its definition is going to change first
            refused = refusal(live, error, replace=self._options.replace)
            return _of(manifest, live, error=refused, owner=owner, replaces=refused is None)

    def _makes_namespace(self, name: str) -> bool:
        return any(each.ref.kind == "Namespace" and each.ref.name == name for each in self._bundle)


def _of(manifest: Manifest, before: Body | None, **more: Any) -> Prospect:
    return Prospect(manifest.ref, manifest.service, before, manifest.body, **more)


def _error(answer: Future[bool]) -> MeshctlError | None:
    try:
        answer.result()
    except MeshctlError as error:
        return error
    return None


def _event(prospect: Prospect) -> Event:
    service, ref = prospect.service, prospect.ref
    if error := prospect.error:
        return Failed(service=service, object=ref, code=error.code, message=error.message, suggestion=error.suggestion)
    if prospect.operation == "delete":
        return Pruned(service=service, object=ref, dry_run=True)
    if not prospect.changes:
        return Unchanged(service=service, object=ref)
    return Applied(service=service, object=ref, operation=_DONE[prospect.operation], dry_run=True)
