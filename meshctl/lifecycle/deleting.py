"""Deleting a service's objects, and waiting until they and their pods are gone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from itertools import groupby

from meshctl.errors import MeshctlError
from meshctl.events import Deleted, Event, Failed, Pruned, Waiting
from meshctl.identity import ObjectRef
from meshctl.lifecycle.breaker import told_once
from meshctl.lifecycle.failing import failed, still_there
from meshctl.lifecycle.turn import Stuck, Task, Turn
from meshctl.lifecycle.world import Body
from meshctl.manifest import order_key


def delete(turn: Turn, bodies: Sequence[Body], *, kept: Iterable[Body]) -> Task:
    """The reverse of the order in which they were made; those of one rank side by side. Raises Stuck."""
    bodies = yield from _send_all(turn, bodies)
    staying = {body["metadata"]["uid"] for body in kept}
    yield from _until_gone(turn, bodies, Deleted, lambda: _pods(turn, staying))


def prune(turn: Turn, bodies: Sequence[Body]) -> Task:
    """As `delete`, but nothing waits for what goes: neither need their pods have ended. Raises Stuck."""
    bodies = yield from _send_all(turn, bodies)
    yield from _until_gone(turn, bodies, Pruned, list)


def clear(turn: Turn, bodies: Sequence[Body]) -> Task:
    """Makes room for others of the same names: what belongs to the objects goes before them. Raises Stuck."""
    yield from _send(turn, bodies, propagation="Foreground")
    left = {ObjectRef.of(body): body["metadata"]["uid"] for body in bodies}
    while there := [ref for ref, uid in left.items() if _is_there(turn, ref, uid)]:
        if turn.late:
            raise Stuck(*(still_there(turn, ref, turn.run.world.get(ref)) for ref in there))
        turn.sleep_until(turn.timeout)
        yield None


def _send_all(turn: Turn, bodies: Sequence[Body]) -> Generator[Event | None, None, list[Body]]:
    """Gives them back in the order in which they were sent."""
    turn.progress = f"0 of {len(bodies)} objects deleted"
    turn.run.world.expect(turn.service, map(ObjectRef.of, bodies))
    ranks = list(_ranks(bodies))
    for rank in ranks:
        yield from _send(turn, rank)
    return [body for rank in ranks for body in rank]


def _send(turn: Turn, bodies: Sequence[Body], *, propagation: str = "Background") -> Task:
    """In the background what belongs to an object goes after it, and much sooner than before it."""
    ask, delete_one, submit = turn.run.breaker.ask, turn.run.cluster.delete, turn.run.workers.submit
    refs = [ObjectRef.of(body) for body in bodies]
    answers = [
        submit(turn.service, ask, ref, delete_one, ref, uid=body["metadata"]["uid"], propagation=propagation)
        for ref, body in zip(refs, bodies, strict=True)
    ]
    yield from turn.done(answers)
    failures: list[Failed] = []
    for ref, answer in zip(refs, answers, strict=True):
        try:
            answer.result()
        except MeshctlError as error:
            failures.append(failed(turn, ref, error))
    if failures:
        raise Stuck(*told_once(failures))


def until_gone(turn: Turn, bodies: Sequence[Body], *, kept: Collection[str]) -> Task:
    """Tells of each object when it is gone, and of the service at last; `kept` are uids of what stays."""
    yield from _until_gone(turn, bodies, Deleted, lambda: _pods(turn, kept))
    yield Deleted(service=turn.service)


def _until_gone(
    turn: Turn, bodies: Sequence[Body], told_as: type[Deleted | Pruned], pods_left: Callable[[], list[ObjectRef]]
) -> Task:
    """Tells of each object when it is gone; pods are waited for but not told one by one."""
    left = {ObjectRef.of(body): body["metadata"]["uid"] for body in bodies}
    told = ""
    while True:
        for ref in [ref for ref, uid in left.items() if not _is_there(turn, ref, uid)]:
            del left[ref]
            yield told_as(service=turn.service, object=ref)
        turn.progress = f"{len(bodies) - len(left)} of {len(bodies)} objects deleted"
        pods = pods_left()
        if not left and not pods:
            return
        if turn.late:
            ref = next(iter([*left, *pods]))
            raise Stuck(still_there(turn, ref, turn.run.world.get(ref)))
        reason = f"waiting for {next(iter(left))} to be gone" if left else "waiting for its pods to end"
        if reason != told:
            yield Waiting(service=turn.service, reason=reason)
            told = reason
        turn.sleep_until(turn.timeout)
        yield None


def _is_there(turn: Turn, ref: ObjectRef, uid: str) -> bool:
    live = turn.run.world.get(ref)
    return live is not None and live["metadata"]["uid"] == uid


def _pods(turn: Turn, kept: Collection[str]) -> list[ObjectRef]:
    """The service's pods but for those of workloads that stay."""
    made = [body for body in turn.run.world.of(turn.service) if body["kind"] in ("Pod", "ReplicaSet")]
    staying = set(kept) | {body["metadata"]["uid"] for body in made if _owner(body) in kept}
    return [
        ObjectRef.of(body)
        for body in made
        if body["kind"] == "Pod" and not {_owner(body), body["metadata"]["uid"]} & staying
    ]


def _owner(body: Body) -> str:
    owners = body["metadata"].get("ownerReferences") or ()
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), "")


def _ranks(bodies: Iterable[Body]) -> Iterator[list[Body]]:
    ordered = sorted(bodies, key=lambda body: order_key(ObjectRef.of(body)), reverse=True)
    return (list(rank) for _, rank in groupby(ordered, key=lambda body: order_key(ObjectRef.of(body))[0]))
