"""What a start would do, asked of the server's own dry run; nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from meshctl.compare import as_wanted, canonical
from meshctl.errors import MeshctlError, NoSuchKind, NotFound
from meshctl.events import Applied, Event, Failed, Finished, Planned, Unchanged, Warned
from meshctl.identity import ObjectRef
from meshctl.lifecycle.applying import defined_kinds
from meshctl.lifecycle.namespace import ensure_namespace, usable_namespace
from meshctl.lifecycle.options import StartOptions
from meshctl.lifecycle.ownership import not_ours, other_owner
from meshctl.lifecycle.run import Run
from meshctl.lifecycle.world import Scope, scope_of
from meshctl.manifest import Bundle, Manifest

if TYPE_CHECKING:
    from meshctl.cluster import Result

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Prospect:
    """One object before and after. Neither `after` nor `error` is set where the server could not be asked yet."""

    manifest: Manifest
    before: Body | None
    after: Body | None = None
    error: MeshctlError | None = None

    @property
    def changes(self) -> bool:
        return self.before is None or self.after is not self.before

    @property
    def verified(self) -> bool:
        return self.after is not None


def sketch(planned: Planned, bundle: Bundle) -> Iterator[Event]:
    """A client's dry run: what would be sent, without asking anybody whether it is there already."""
    yield planned
    for manifest in bundle:
        yield Applied(service=manifest.service, object=manifest.ref, operation="applied", dry_run=True)
    yield Finished(exit=0, seconds=0.0, counts={"applied": len(bundle)})


def dry_run(run: Run, planned: Planned, _: object, bundle: Bundle, options: StartOptions) -> Iterator[Event]:
    """A start whose every apply is a dry run: in order, waiting for nothing."""
    yield planned
    yield from ensure_namespace(run, usable_namespace(run), ttl=options.ttl, dry_run=True)
    foreseen = prospects(run, bundle, force_conflicts=options.force_conflicts, take_ownership=options.take_ownership)
    yield from (_event(prospect) for prospect in foreseen)
    if unverified := sum(not (prospect.verified or prospect.error) for prospect in foreseen):
        yield Warned(
            code="NotVerified",
            message=f"{unverified} objects were not verified by the server: their namespace or kind is not there yet",
        )


def prospects(
    run: Run, bundle: Bundle, *, force_conflicts: bool = False, take_ownership: bool = False
) -> Sequence[Prospect]:
    """Of every object of the bundle, in its order. Raises ClusterError when the namespace is on its way out."""
    preview = _Preview(run, bundle, force_conflicts=force_conflicts, take_ownership=take_ownership)
    return preview.prospects()


class _Preview:
    def __init__(self, run: Run, bundle: Bundle, *, force_conflicts: bool, take_ownership: bool) -> None:
        self._run = run
        self._bundle = bundle
        self._force = force_conflicts
        self._take = take_ownership
        self._defined = frozenset(defined_kinds(bundle))
        self._refused: dict[Scope, MeshctlError] = {}

    def prospects(self) -> Sequence[Prospect]:
        if usable_namespace(self._run) is None:
            return [Prospect(manifest, None) for manifest in self._bundle]
        self._listen()
        self._look_up([each.ref for each in self._bundle if each.ref.namespace != self._bundle.namespace])
        asked = [(each, self._known(each) or self._ask(each)) for each in self._bundle]
        self._run.wait_for([answer for _, answer in asked if isinstance(answer, Future)])
        return [found if isinstance(found, Prospect) else self._answer(each, found) for each, found in asked]

    def _listen(self) -> None:
        scopes = dict.fromkeys(scope_of(each.ref, self._run.config) for each in self._bundle)
        answers = {scope: self._run.listening(scope, "") for scope in scopes}
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

    def _known(self, manifest: Manifest) -> Prospect | None:
        """What needs no question."""
        live = self._run.world.get(manifest.ref)
        if error := self._refused.get(scope_of(manifest.ref, self._run.config)):
            soon = (manifest.ref.api_version, manifest.ref.kind) in self._defined
            return Prospect(manifest, None, error=None if isinstance(error, NoSuchKind) and soon else error)
        if live is None:
            return None
        if not self._take and (owner := other_owner(live, manifest.body, self._bundle.namespace)):
            return Prospect(manifest, live, error=not_ours(manifest.ref, owner))
        return Prospect(manifest, live, after=live) if as_wanted(manifest.body, live) else None

    def _ask(self, manifest: Manifest) -> Future[Result]:
        live, apply = self._run.world.get(manifest.ref), self._run.cluster.apply
        force = self._force or (live is not None and bool(other_owner(live, manifest.body, self._bundle.namespace)))
        ask, body = self._run.breaker.ask, canonical(manifest.body)
        return self._run.workers.submit("", ask, manifest.ref, apply, body, force=force, dry_run=True)

    def _answer(self, manifest: Manifest, answer: Future[Result]) -> Prospect:
        live = self._run.world.get(manifest.ref)
        try:
            return Prospect(manifest, live, after=answer.result().object)
        except MeshctlError as error:
            if error.code == "NamespaceNotFound" and self._makes_namespace(manifest.ref.namespace):
                return Prospect(manifest, None)
            return Prospect(manifest, live, error=error)

    def _makes_namespace(self, name: str) -> bool:
        return any(each.ref.kind == "Namespace" and each.ref.name == name for each in self._bundle)


def _event(prospect: Prospect) -> Event:
    service, ref = prospect.manifest.service, prospect.manifest.ref
    if error := prospect.error:
        return Failed(service=service, object=ref, code=error.code, message=error.message, suggestion=error.suggestion)
    if not prospect.changes:
        return Unchanged(service=service, object=ref)
    operation = "created" if prospect.before is None else "configured"
    return Applied(service=service, object=ref, operation=operation, dry_run=True)
