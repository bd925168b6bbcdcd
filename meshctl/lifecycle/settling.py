"""Waiting until a service is what it is meant to be, or certainly will not be, or its time is up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from meshctl.diagnosis import Diagnosis, diagnose
from meshctl.errors import ClusterError
from meshctl.events import Failed, Ready, Waiting
from meshctl.evidence import last_words
from meshctl.identity import ObjectRef
from meshctl.lifecycle.goals import READY, Unready, unmet
from meshctl.lifecycle.turn import Asking, Stuck, Task, Turn
from meshctl.lifecycle.world import Body, closer_scopes
from meshctl.readiness import State, replicas

LOOK_CLOSER = 1.5  # seconds after the last apply until pods and events are watched too: most are ready before that
CLOCKS = 5.0  # seconds by which the cluster's clock may differ from ours


def until_ready(turn: Turn, refs: Collection[ObjectRef]) -> Task:
    """Until the objects meet the service's goal. A claim gates nobody: it may bind only once another's pod wants it."""
    turn.progress = f"{turn.progress}, not ready yet"
    gates = [ref for ref in refs if ref.kind != "PersistentVolumeClaim"]
    yield from _until(turn, gates, turn.goal)
    ready, wanted = _counts(turn, gates)
    yield Ready(service=turn.service, seconds=round(turn.seconds, 3), ready=ready, wanted=wanted)


def until_current(turn: Turn, refs: Sequence[ObjectRef]) -> Task:
    """Until these objects are ready, whatever the goal of their service is."""
    yield from _until(turn, refs, READY)


def _until(turn: Turn, refs: Sequence[ObjectRef], goal: str) -> Task:
    told: Waiting | None = None
    closer = False
    closer_at = turn.seconds + LOOK_CLOSER
    unready: Sequence[Unready] = ()
    while unready := _missing(turn, refs, goal, unready):
        if not closer and _is_worth_a_closer_look(turn, unready, closer_at):
            yield from _look_closer(turn)
            closer = True
            continue  # time has passed
        diagnosis = (_explain(turn, refs) if closer else None) or _plain(unready)
        if diagnosis.certain or turn.late:
            raise Stuck((yield from _failure(turn, diagnosis)))
        ready, wanted = _counts(turn, refs)
        waiting = Waiting(service=turn.service, reason=diagnosis.message, ready=ready, wanted=wanted)
        if waiting != told:
            yield waiting
            told = waiting
        turn.sleep_until(turn.timeout if closer else closer_at)
        yield None


def _is_worth_a_closer_look(turn: Turn, unready: Sequence[Unready], closer_at: float) -> bool:
    """At once when something has failed; else only of what takes long."""
    failed = any(verdict.state in (State.FAILED, State.NOT_FOUND) for _, verdict in unready)
    return failed or turn.late or turn.seconds >= closer_at


def _missing(turn: Turn, refs: Sequence[ObjectRef], goal: str, before: Sequence[Unready]) -> list[Unready]:
    """What was not ready before is looked at first: mostly it still is not, and the rest need not be judged again."""
    live = turn.run.world.get
    still = unmet(goal, {ref: live(ref) for ref, _ in before}) if goal == READY else ()
    return [*still] or unmet(goal, {ref: live(ref) for ref in refs})


def _explain(turn: Turn, refs: Sequence[ObjectRef]) -> Diagnosis | None:
    """With the service's pods and what happened to them."""
    world = turn.run.world
    made = [body for body in world.of(turn.service) if body["kind"] in ("Pod", "ReplicaSet")]
    objects = [body for ref in refs if (body := world.get(ref)) is not None]
    replica_sets = [body for body in made if body["kind"] == "ReplicaSet" and ObjectRef.of(body) not in refs]
    pods = [body for body in made if body["kind"] == "Pod" and ObjectRef.of(body) not in refs]
    events = world.events_of([*objects, *made])
    return diagnose([*objects, *replica_sets], pods, events, since=turn.began_at - CLOCKS, around=[world.namespace])


def _plain(unready: Sequence[Unready]) -> Diagnosis:
    """What has vanished was deleted by somebody else: it was there when it was applied."""
    ref, verdict = unready[0]
    if verdict.state is State.NOT_FOUND:
        return Diagnosis("Deleted", f"{ref} was deleted by someone else", certain=True, object=ref)
    return Diagnosis("NotReady", f"{ref}: {verdict.message}", object=ref)


def _look_closer(turn: Turn) -> Asking[None]:
    """Without the right to see pods or events there is less to explain, but no less to wait for."""
    for scope in closer_scopes(turn.run.config.namespace):
        if not turn.run.world.knows(scope):
            answer = turn.run.listening(scope, turn.service)
            while not answer.done():
                turn.sleep_until(turn.seconds)  # another service may have asked first, and is the one to be woken
                yield None
            try:
                turn.run.attach(scope, answer)
            except ClusterError:
                continue


def _failure(turn: Turn, diagnosis: Diagnosis) -> Asking[Failed]:
    words = yield from turn.ask(last_words, turn.run.cluster, diagnosis)
    found = replace(diagnosis, evidence=(*diagnosis.evidence, *words))
    late = "" if diagnosis.certain else f"not ready after {turn.timeout:g} seconds: "
    return Failed(
        service=turn.service,
        object=found.object,
        code=found.code,
        message=f"{late}{found.message}",
        evidence=found.evidence,
        suggestion=found.suggestion,
    )


def _counts(turn: Turn, refs: Sequence[ObjectRef]) -> tuple[int, int]:
    """Ready and wanted pods of all workloads together."""
    bodies: list[Body] = [body for ref in refs if (body := turn.run.world.get(ref)) is not None]
    pairs = [replicas(body) for body in bodies]
    return sum(ready for ready, _ in pairs), sum(wanted for _, wanted in pairs)
