"""Sending objects: the ones that are not yet as wanted, and none that is another's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from meshctl.compare import as_wanted, canonical, contested
from meshctl.errors import Conflict, MeshctlError, NoSuchKind, NotFound
from meshctl.events import Applied, Event, Failed, Unchanged, Waiting, Warned
from meshctl.identity import ObjectRef
from meshctl.lifecycle.breaker import told_once
from meshctl.lifecycle.deleting import clear
from meshctl.lifecycle.failing import failed, still_there
from meshctl.lifecycle.options import ApplyOptions
from meshctl.lifecycle.ownership import not_ours, other_owner
from meshctl.lifecycle.replacing import refusal
from meshctl.lifecycle.run import Run
from meshctl.lifecycle.settling import until_current
from meshctl.lifecycle.turn import Stuck, Task, Turn
from meshctl.lifecycle.world import Scope, scope_of
from meshctl.manifest import Manifest, order_key

if TYPE_CHECKING:
    from meshctl.cluster import Result

AWAITED = {("", "Namespace"), ("apiextensions.k8s.io", "CustomResourceDefinition")}  # before what lives in them is sent
LOOK_AGAIN = 0.2  # seconds between two looks at whether a new kind is served


class _Sent(NamedTuple):
    manifest: Manifest
    live: Mapping[str, Any] | None
    answer: Future[Result]


class Applier:
    """How one run applies. `namespace` is the developer's; `defined` are the kinds that the run's own CRDs define."""

    def __init__(self, run: Run, namespace: str, manifests: Iterable[Manifest], options: ApplyOptions) -> None:
        self._run = run
        self._namespace = namespace
        self._defined = frozenset(defined_kinds(manifests))
        self._options = options

    def apply(self, turn: Turn, manifests: Collection[Manifest]) -> Task:
        """In the order of kinds; objects of one rank side by side. Raises Stuck."""
        self._run.world.expect(turn.service, [manifest.ref for manifest in manifests])
        done = 0
        turn.progress = f"0 of {len(manifests)} objects applied"
        for rank in ranks(manifests):
            for event in self._rank(turn, rank):
                if isinstance(event, Applied | Unchanged):
                    done += 1
                    turn.progress = f"{done} of {len(manifests)} objects applied"
                yield event

    def _rank(self, turn: Turn, manifests: Sequence[Manifest]) -> Task:
        yield from self._look(turn, manifests)
        yield from self._until_gone(turn, manifests)
        foreign = [] if self._options.take_ownership else list(self._foreign(turn, manifests))
        if foreign:
            raise Stuck(*foreign)
        same = {manifest.ref for manifest in manifests if self._is_as_wanted(manifest)}
        yield from (Unchanged(service=turn.service, object=each.ref) for each in manifests if each.ref in same)
        yield from self._send(turn, [each for each in manifests if each.ref not in same])
        if awaited := [each.ref for each in manifests if each.ref.group_kind in AWAITED]:
            yield from until_current(turn, awaited)

    def _is_as_wanted(self, manifest: Manifest) -> bool:
        live = self._run.world.get(manifest.ref)
        return live is not None and as_wanted(manifest.body, live)

    def _foreign(self, turn: Turn, manifests: Iterable[Manifest]) -> Iterator[Failed]:
        for manifest in manifests:
            live = self._run.world.get(manifest.ref)
            if live is not None and (owner := other_owner(live, manifest.body, self._namespace)):
                yield failed(turn, manifest.ref, not_ours(manifest.ref, owner), origin=manifest)

    def _send(self, turn: Turn, manifests: Iterable[Manifest], *, replaced: bool = False) -> Task:
        sent = [self._submit(turn, manifest) for manifest in manifests]
        yield from turn.done([each.answer for each in sent])
        failures: list[Failed] = []
        unchangeable: list[_Sent] = []
        for each in sent:
            if each.answer.cancelled():
                continue
            try:
                yield from self._applied(turn, each, each.answer.result(), replaced=replaced)
            except MeshctlError as error:
                if refused := refusal(each.live, error, replace=self._options.replace):
                    failures.append(_refused(turn, each, refused))
                else:
                    unchangeable.append(each)
        if failures:
            raise Stuck(*told_once(failures))
        if any(each.answer.cancelled() for each in sent):
            raise CancelledError
        if unchangeable:
            yield from self._replace(turn, unchangeable)

    def _replace(self, turn: Turn, sent: Sequence[_Sent]) -> Task:
        """Delete, wait until they and what they made are gone, apply: they are new, so nothing refuses twice."""
        refs = [each.manifest.ref for each in sent]
        yield Waiting(service=turn.service, reason=f"replacing {', '.join(map(str, refs))}: until the old is gone")
        yield from clear(turn, [each.live for each in sent if each.live])
        yield from self._send(turn, [each.manifest for each in sent], replaced=True)

    def _submit(self, turn: Turn, manifest: Manifest) -> _Sent:
        """What is taken over is taken with all fields that the manifest has."""
        live, apply = self._run.world.get(manifest.ref), self._run.cluster.apply
        foreign = live is not None and bool(other_owner(live, manifest.body, self._namespace))
        force = self._options.force_conflicts or foreign
        ask, body = self._run.breaker.ask, canonical(manifest.body)
        answer = self._run.workers.submit(turn.service, ask, manifest.ref, apply, body, force=force)
        return _Sent(manifest, live, answer)

    def _applied(self, turn: Turn, sent: _Sent, result: Result, *, replaced: bool) -> Iterator[Event]:
        """What the server found to be the same after all, it has not stored again."""
        ref = sent.manifest.ref
        self._run.world.put(result.object)
        if sent.live is not None and _version(sent.live) == _version(result.object):
            yield Unchanged(service=turn.service, object=ref)
        else:
            operation = "replaced" if replaced else "created" if result.created else "configured"
            yield Applied(service=turn.service, object=ref, operation=operation)
        for warning in result.warnings:
            yield Warned(service=turn.service, object=ref, code="ServerWarning", message=warning)

    def _look(self, turn: Turn, manifests: Sequence[Manifest]) -> Task:
        """Sees to it that the world knows these objects, should they exist."""
        for scope in dict.fromkeys(scope_of(manifest.ref, self._run.config) for manifest in manifests):
            if not self._run.world.knows(scope):
                yield from self._listen(turn, scope, [each for each in manifests if _is_in(each.ref, scope)])
        for manifest in manifests:
            if manifest.ref.namespace != self._namespace and self._run.world.get(manifest.ref) is None:
                yield from self._look_up(turn, manifest)

    def _listen(self, turn: Turn, scope: Scope, concerned: Sequence[Manifest]) -> Task:
        """Patiently while a definition of the run's own is new: it is established before it is served everywhere."""
        while True:
            answer = self._run.listening(scope, turn.service)
            yield from turn.done([answer])
            try:
                self._run.attach(scope, answer)
            except NoSuchKind as error:
                self._run.forget(scope)
                if turn.late or (scope.api_version, scope.kind) not in self._defined:
                    raise Stuck(*(failed(turn, each.ref, error, origin=each) for each in concerned)) from error
                turn.sleep_until(turn.seconds + LOOK_AGAIN)
                yield None
            except MeshctlError as error:
                raise Stuck(*(failed(turn, each.ref, error, origin=each) for each in concerned)) from error
            else:
                return

    def _look_up(self, turn: Turn, manifest: Manifest) -> Task:
        """An object outside of the namespace that is not labelled as ours: few, and nobody lists a cluster for them."""
        try:
            live = yield from turn.ask(self._run.cluster.get, manifest.ref)
        except NotFound:
            return
        except MeshctlError as error:
            raise Stuck(failed(turn, manifest.ref, error, origin=manifest)) from error
        self._run.world.put(live)

    def _until_gone(self, turn: Turn, manifests: Iterable[Manifest]) -> Task:
        """An object on its way out would take what is applied to it along."""
        told = False
        while leaving := [each.ref for each in manifests if self._is_leaving(each.ref)]:
            if turn.late:
                raise Stuck(*(still_there(turn, ref, self._run.world.get(ref)) for ref in leaving))
            if not told:
                names = ", ".join(map(str, leaving))
                yield Waiting(service=turn.service, reason=f"still being deleted: {names}")
            told = True
            turn.sleep_until(turn.timeout)
            yield None

    def _is_leaving(self, ref: ObjectRef) -> bool:
        live = self._run.world.get(ref)
        return live is not None and "deletionTimestamp" in live["metadata"]


def ranks(manifests: Iterable[Manifest]) -> list[list[Manifest]]:
    """What may be sent side by side, rank by rank."""
    ordered = sorted(manifests, key=lambda manifest: order_key(manifest.ref))
    return [list(rank) for _, rank in groupby(ordered, key=lambda manifest: order_key(manifest.ref)[0])]


def _refused(turn: Turn, sent: _Sent, error: MeshctlError) -> Failed:
    """With what each manager has in its field, and what we want there."""
    fields = error.fields if isinstance(error, Conflict) else ()
    evidence = contested(sent.manifest.body, sent.live or {}, fields)
    return failed(turn, sent.manifest.ref, error, origin=sent.manifest, evidence=evidence)


def defined_kinds(manifests: Iterable[Manifest]) -> Iterator[tuple[str, str]]:
    """The (apiVersion, kind) of every definition among the manifests."""
    for manifest in manifests:
        if manifest.ref.kind == "CustomResourceDefinition":
            spec = manifest.body.get("spec") or {}
            for version in spec.get("versions") or ():
                yield f"{spec.get('group')}/{version.get('name')}", str((spec.get("names") or {}).get("kind"))


def _is_in(ref: ObjectRef, scope: Scope) -> bool:
    return (ref.api_version, ref.kind, ref.namespace) == (scope.api_version, scope.kind, scope.namespace)


def _version(body: Mapping[str, Any]) -> str:
    return str(body["metadata"].get("resourceVersion", ""))
