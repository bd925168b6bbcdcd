"""The state of one service in a word, and the reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from meshctl.diagnosis import Diagnosis
from meshctl.inventory.belongings import Belongings
from meshctl.inventory.drift import Drift, is_kept
from meshctl.inventory.reading import Body
from meshctl.readiness import State, readiness


class ServiceState(StrEnum):
    """Closed: scripts may rely on it.

    READY     everything that is there is as its owner wanted it
    STARTING  something is not ready yet
    FAILED    something will not get ready by waiting
    PARTIAL   what is there is ready, but the config has more (told only where drift is)
    STOPPING  it is being deleted
    STOPPED   nothing is there, or only what stop keeps
    ORPHAN    it is there, but the config does not have it any more
    """

    READY = "ready"
    STARTING = "starting"
    FAILED = "failed"
    PARTIAL = "partial"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ORPHAN = "orphan"


def state(has: Belongings, diagnosis: Diagnosis | None, drifted: Sequence[Drift] | None) -> ServiceState:
    """Of a service of the config; `drifted` is None when that is not known."""
    running = [body for body in has.objects if not is_kept(body)]
    if not running and not (drifted is not None and has.objects and not missing(drifted)):
        return ServiceState.STOPPING if has.pods else ServiceState.STOPPED
    verdicts = {readiness(body).state for body in running}
    if verdicts == {State.TERMINATING}:
        return ServiceState.STOPPING
    if State.FAILED in verdicts or (diagnosis and diagnosis.certain):
        return ServiceState.FAILED
    if verdicts - {State.CURRENT}:
        return ServiceState.STARTING
    return ServiceState.PARTIAL if missing(drifted or ()) else ServiceState.READY


def reason(found: ServiceState, has: Belongings, diagnosis: Diagnosis | None, drifted: Sequence[Drift] | None) -> str:
    """Why it is not ready, a stable code first where there is one; empty when there is nothing to say."""
    if found is ServiceState.PARTIAL:
        return f"missing: {', '.join(str(each.object) for each in missing(drifted or ()))}"
    if found is ServiceState.STOPPING and not diagnosis:
        return f"{len(has.pods)} of its pods are not gone yet"
    return f"{diagnosis.code}: {diagnosis.message}" if diagnosis else ""


def missing(drifted: Iterable[Drift]) -> list[Drift]:
    return [each for each in drifted if each.what == "missing"]


def is_unready(bodies: Iterable[Body]) -> bool:
    """Whether there is anything to explain."""
    return any(readiness(body).state is not State.CURRENT for body in bodies)
