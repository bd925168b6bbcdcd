"""Which run holds which services: the arithmetic of the Lease's annotation, without a cluster or a clock.

The annotation has one record a run. No two of them ever have a service in common.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from meshctl.manifest import LABEL_MANAGED_BY, LABEL_PART_OF, MANAGED_BY

API_VERSION, KIND = "coordination.k8s.io/v1", "Lease"
ANNOTATION = "meshctl.dev/runs"
EVERYTHING = "*"  # instead of a service's name: all of the project, also what the config has forgotten


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One run's record.

    `machine` and `born` say which process `process` is: only on that machine does the number mean anything. `since` and
    `renewed` are by the holder's clock, which may be wrong; after `seconds` without a renewal the claim has expired.
    """

    run: str
    action: str
    user: str
    host: str
    process: int
    machine: str
    born: str
    since: datetime
    renewed: datetime
    seconds: int
    services: tuple[str, ...]

    @property
    def holder(self) -> str:
        """As the Lease names it."""
        return f"{self.user}@{self.host}/{self.process}"

    def __str__(self) -> str:
        return f"the {self.action} of {self.user} on {self.host}, process {self.process}"

    def shared(self, other: Claim) -> tuple[str, ...]:
        """The services that both want, as far as names tell: one of everything gives the other's."""
        mine, theirs = set(self.services), set(other.services)
        if EVERYTHING in mine:
            return tuple(sorted(theirs))
        return tuple(sorted(mine if EVERYTHING in theirs else mine & theirs))


Claims = tuple[Claim, ...]


class Taken(Exception):
    """Another run has services that we want, or that we had."""

    def __init__(self, rivals: Claims) -> None:
        super().__init__(rivals)
        self.rivals = rivals


class Lost(Taken):
    """Our claim is not there any more; `rivals` are who has our services now."""


def claimed(claims: Claims, mine: Claim, is_dead: Callable[[Claim], bool]) -> Claims:
    """With ours, without the dead. Raises Taken."""
    others = tuple(each for each in claims if each.run != mine.run and not is_dead(each))
    if rivals := rivals_of(others, mine):
        raise Taken(rivals)
    return (*others, mine)


def renewed(claims: Claims, mine: Claim, is_dead: Callable[[Claim], bool]) -> Claims:
    """As `claimed`, for a claim that has to be there. Raises Lost."""
    if all(each.run != mine.run for each in claims):
        raise Lost(rivals_of(claims, mine))
    return claimed(claims, mine, is_dead)


def released(claims: Claims, mine: Claim, is_dead: Callable[[Claim], bool]) -> Claims:
    return tuple(each for each in claims if each.run != mine.run and not is_dead(each))


def rivals_of(claims: Iterable[Claim], mine: Claim) -> Claims:
    return tuple(each for each in claims if each.run != mine.run and each.shared(mine))


def age(claim: Claim, now: datetime) -> float:
    """Seconds since the run began; 0 where its clock is ahead of ours."""
    return max(0.0, (now - claim.since).total_seconds())


def is_fresh(claim: Claim, now: datetime) -> bool:
    """Renewed lately, if its clock is ours."""
    return abs((now - claim.renewed).total_seconds()) < claim.seconds


def read(lease: Mapping[str, Any]) -> Claims:
    """What the annotation says. A record that is none holds nothing: nobody would ever renew or release it."""
    text = (lease["metadata"].get("annotations") or {}).get(ANNOTATION) or "{}"
    try:
        records = json.loads(text)
    except ValueError:
        return ()
    found = (_claim(run, record) for run, record in records.items()) if isinstance(records, dict) else ()
    return tuple(claim for claim in found if claim)


def lease_body(project: str, namespace: str, claims: Claims) -> dict[str, Any]:
    """The Lease of the project; `kubectl get leases` shows the holders. `claims` are not empty."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": lease_name(project),
            "namespace": namespace,
            "labels": {LABEL_MANAGED_BY: MANAGED_BY, LABEL_PART_OF: project},
            "annotations": {ANNOTATION: _dump(claims)},
        },
        "spec": {
            "holderIdentity": ", ".join(each.holder for each in claims),
            "leaseDurationSeconds": max(each.seconds for each in claims),
            "acquireTime": _stamp(min(each.since for each in claims)),
            "renewTime": _stamp(max(each.renewed for each in claims)),
        },
    }


def lease_name(project: str) -> str:
    return f"meshctl-{project}"


def _dump(claims: Claims) -> str:
    return json.dumps({each.run: _record(each) for each in claims}, separators=(",", ":"))


def _record(claim: Claim) -> dict[str, Any]:
    times = {"since": _stamp(claim.since), "renewed": _stamp(claim.renewed)}
    return {name: value for name, value in {**asdict(claim), **times}.items() if name != "run"}


def _claim(run: str, record: Any) -> Claim | None:
    """None for what is no record of ours."""
    try:
        return Claim(run=run, **{name: read_value(record[name]) for name, read_value in _READERS.items()})
    except (KeyError, OverflowError, TypeError, ValueError):
        return None


def _names(services: list[Any]) -> tuple[str, ...]:
    return tuple(map(str, services))


def _moment(text: str) -> datetime:
    """Raises ValueError, also for a time without a zone, which cannot be compared."""
    return datetime.strptime(text, _MICRO_TIME).replace(tzinfo=UTC)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_MICRO_TIME)


_MICRO_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"  # as the API writes it
_READERS: dict[str, Callable[[Any], Any]] = {
    "action": str,
    "user": str,
    "host": str,
    "process": int,
    "machine": str,
    "born": str,
    "since": _moment,
    "renewed": _moment,
    "seconds": int,
    "services": _names,
}
