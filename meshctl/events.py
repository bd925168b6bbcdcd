"""The vocabulary of long work: what start, stop, restart and reload tell while they go on.

The first event of a run is Planned, the last is Finished. An event is a fact and is never changed;
`record` gives the versioned form of machine output (docs: cli, "Machine output"), `from_record` reads it back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, ClassVar

from meshctl.identity import ObjectRef

FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Event:
    """`time` is in seconds since the epoch; `service` is empty for what concerns no single service."""

    type: ClassVar[str]
    time: float = field(default_factory=time.time, compare=False)
    service: str = ""
    object: ObjectRef | None = None


@dataclass(frozen=True, kw_only=True)
class Planned(Event):
    """What is going to be done: services in the order of their turn, and the number of objects of all of them.

    `prunes` are objects that have left the templates, and are going to be deleted.
    """

    type = "planned"
    action: str  # "start", "stop", "restart", "reload" …
    namespace: str
    context: str
    services: tuple[str, ...]
    objects: int
    prunes: tuple[ObjectRef, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Applied(Event):
    """`operation` is "created", "configured", "replaced", "restarted" or "scaled"; `dry_run`: nothing was stored.

    A client's dry run says "applied": it does not ask what is there.
    """

    type = "applied"
    operation: str
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class Unchanged(Event):
    type = "unchanged"


@dataclass(frozen=True, kw_only=True)
class Waiting(Event):
    """`reason` says for what, in words; `ready` of `wanted` pods, both 0 where the question makes no sense."""

    type = "waiting"
    reason: str
    ready: int = 0
    wanted: int = 0


@dataclass(frozen=True, kw_only=True)
class Ready(Event):
    """The service is up, `seconds` after its first apply."""

    type = "ready"
    seconds: float
    ready: int = 0
    wanted: int = 0


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    """`code` is stable; `evidence` is what the cluster said: events, container states, last log lines."""

    type = "failed"
    code: str
    message: str
    evidence: tuple[str, ...] = ()
    suggestion: str = ""


@dataclass(frozen=True, kw_only=True)
class Blocked(Event):
    """Never begun, because `by`, a service that it needs, did not become ready."""

    type = "blocked"
    by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Deleted(Event):
    type = "deleted"
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class Pruned(Event):
    """Deleted because the templates no longer have it."""

    type = "pruned"
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class Warned(Event):
    type = "warning"
    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class ErrorRaised(Event):
    """The run could not go on, or could not begin."""

    type = "error"
    code: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    suggestion: str = ""


@dataclass(frozen=True, kw_only=True)
class Finished(Event):
    """`counts` has a number for each outcome: ready, failed, blocked, applied, unchanged, deleted, not_begun …

    `requests` is how many the API server was sent, repeated ones included.
    """

    type = "finished"
    exit: int
    seconds: float
    counts: Mapping[str, int]
    requests: int = 0


_TYPES: dict[str, type[Event]] = {
    kind.type: kind
    for kind in (
        Planned, Applied, Unchanged, Waiting, Ready, Failed, Blocked, Deleted, Pruned, Warned, ErrorRaised, Finished,
    )
}  # fmt: skip


def record(event: Event) -> dict[str, Any]:
    """The event as one JSON line of the versioned contract."""
    body: dict[str, Any] = {
        "meshctl": FORMAT_VERSION,
        "time": datetime.fromtimestamp(event.time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "type": event.type,
        "service": event.service,
        "object": event.object.as_dict() if event.object else None,
    }
    for each in fields(event):
        if each.name not in body:
            value = getattr(event, each.name)
            body[each.name] = [_plain(item) for item in value] if isinstance(value, tuple) else value
    return body


def from_record(body: Mapping[str, Any]) -> Event:
    """The event that `record` wrote. Raises KeyError for a type that this version does not know."""
    kind = _TYPES[body["type"]]
    values: dict[str, Any] = {}
    for each in fields(kind):
        if each.name in body:
            value = body[each.name]
            values[each.name] = tuple(map(_read, value)) if isinstance(value, list) else value
    values["time"] = datetime.fromisoformat(body["time"]).timestamp()
    values["object"] = _read(body["object"])
    return kind(**values)


def _plain(item: Any) -> Any:
    return item.as_dict() if isinstance(item, ObjectRef) else item


def _read(item: Any) -> Any:
    """An object's reference where the contract has one."""
    if not isinstance(item, Mapping):
        return item
    return ObjectRef(item["apiVersion"], item["kind"], item["namespace"], item["name"])
