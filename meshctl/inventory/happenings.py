"""The Events of services: of what meshctl applied, and of the pods and ReplicaSets that were made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from meshctl.diagnosis.case import event_time, times
from meshctl.identity import ObjectRef
from meshctl.inventory.belongings import by_service, questions
from meshctl.inventory.reading import Body, Found, Query
from meshctl.inventory.scope import Scope

_BEARERS = ("DaemonSet", "Deployment", "StatefulSet", "Job", "CronJob")  # their pods have names that begin with theirs


@dataclass(frozen=True)
class EventRow:
    """`time` is when it was seen last, in seconds since the epoch, 0 when it does not say; `uid` is the Event's own."""

    name: str
    service: str
    type: str
    reason: str
    message: str
    object: ObjectRef
    count: int
    time: float
    source: str
    uid: str = field(repr=False)

    def record(self) -> dict[str, Any]:
        """The form of machine output."""
        moment = datetime.fromtimestamp(self.time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return {
            "time": moment if self.time else "",
            "service": self.service,
            "type": self.type,
            "reason": self.reason,
            "object": self.object.as_dict(),
            "message": self.message,
            "count": self.count,
            "source": self.source,
        }


@dataclass(frozen=True)
class Happenings:
    """The view of Events; `types` are `Normal` and `Warning`, both when there are none."""

    scope: Scope
    types: tuple[str, ...] = ()

    def queries(self, found: Found) -> Sequence[Query]:
        return [*questions(self.scope, found, ()), Query("v1", "Event", self.scope.namespace)]

    def rows(self, found: Found) -> list[EventRow]:
        """The oldest first, as kubectl lists them."""
        owners = _Owners(self.scope, found)
        rows = [_row(body, owners.service_of(body)) for body in found.of("Event")]
        shown = (row for row in rows if self.scope.takes(row.service) and row.type in (self.types or (row.type,)))
        return sorted(shown, key=lambda row: (row.time, row.service, row.name))


class _Owners:
    """Whose object an Event is about, also when that is gone by now: a pod's name tells its workload."""

    def __init__(self, scope: Scope, found: Found) -> None:
        self._by_uid: dict[str, str] = {}
        self._by_name: dict[str, str] = {}
        for service, belongings in by_service(scope, found).items():
            for body in (*belongings.objects, *belongings.made, *belongings.pods):
                self._by_uid[body["metadata"]["uid"]] = service
            self._by_name |= dict.fromkeys(_names(belongings.objects), service)

    def service_of(self, event: Body) -> str:
        about = event.get("involvedObject") or {}
        known = self._by_uid.get(about.get("uid") or "")
        if known or about.get("kind") not in ("Pod", "ReplicaSet", "Job"):
            return known or ""
        name = about.get("name") or ""
        longest = max((each for each in self._by_name if name.startswith(f"{each}-")), key=len, default="")
        return self._by_name.get(longest, "")


def _names(bodies: Iterable[Body]) -> list[str]:
    return [body["metadata"]["name"] for body in bodies if body["kind"] in _BEARERS]


def _row(body: Body, service: str) -> EventRow:
    about: Mapping[str, Any] = body.get("involvedObject") or {}
    return EventRow(
        name=body["metadata"]["name"],
        service=service,
        type=body.get("type") or "Normal",
        reason=body.get("reason") or "",
        message=body.get("message") or body.get("note") or "",
        object=ObjectRef(*(str(about.get(key) or "") for key in ("apiVersion", "kind", "namespace", "name"))),
        count=times(body),
        time=event_time(body),
        source=(body.get("source") or {}).get("component") or body.get("reportingComponent") or "",
        uid=body["metadata"]["uid"],
    )
