"""What a run has come to, out of its events alone: the state that the live table and the summary draw."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from meshctl.events import (
    Applied,
    Blocked,
    Deleted,
    ErrorRaised,
    Event,
    Failed,
    Finished,
    Planned,
    Pruned,
    Ready,
    Unchanged,
    Waiting,
    Warned,
)


class Phase(StrEnum):
    """Where a service is. Each word is shown as it is."""

    PENDING = "pending"
    APPLYING = "applying"
    WAITING = "waiting"
    STOPPING = "stopping"
    READY = "ready"
    GONE = "gone"
    FAILED = "failed"
    BLOCKED = "blocked"


ACTIVE = frozenset({Phase.APPLYING, Phase.WAITING, Phase.STOPPING})
ENDED = frozenset({Phase.READY, Phase.GONE, Phase.FAILED, Phase.BLOCKED})


@dataclass
class Row:
    """One service; `began` and `ended` are in seconds since the epoch, 0 where that has not happened."""

    service: str
    phase: Phase = Phase.PENDING
    ready: int = 0
    wanted: int = 0
    began: float = 0.0
    ended: float = 0.0
    reason: str = ""

    def seconds(self, now: float) -> float:
        return max(0.0, (self.ended or now) - self.began) if self.began else 0.0


@dataclass
class Board:
    """Fed with every event, in order."""

    planned: Planned | None = None
    finished: Finished | None = None
    rows: dict[str, Row] = field(default_factory=dict)
    failures: list[Failed] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    errors: list[ErrorRaised] = field(default_factory=list)

    def take(self, event: Event) -> None:
        match event:
            case Planned():
                self.planned = event
                self.rows = {service: Row(service) for service in event.services}
            case Finished():
                self.finished = event
            case Warned():
                self.warnings.append(event)
            case ErrorRaised():
                self.errors.append(event)
            case _ if event.service:
                row = self.rows.setdefault(event.service, Row(event.service))
                _advance(row, event, self._free_since(row, event.time))
        if isinstance(event, Failed):
            self.failures.append(event)

    def of(self, *phases: Phase) -> list[Row]:
        return [row for row in list(self.rows.values()) if row.phase in phases]

    def waits_for(self, row: Row) -> str:
        """Its reason; while it waits for other services, those of them that have not ended."""
        names = row.reason.split(", ")
        if row.phase is Phase.PENDING and all(name in self.rows for name in names):
            return ", ".join(name for name in names if self.rows[name].phase not in ENDED)
        return row.reason

    def _free_since(self, row: Row, now: float) -> float:
        """When the last of what it waited for had ended: a stop tells of nothing until the first object is gone."""
        if not self.planned:
            return now
        others = (self.rows[name].ended for name in row.reason.split(", ") if name in self.rows)
        return max(self.planned.time, *others, 0.0)

    @property
    def ended(self) -> int:
        return len(self.of(*ENDED))


def _advance(row: Row, event: Event, free_since: float) -> None:
    match event:
        case Applied() | Unchanged():
            _begin(row, Phase.APPLYING, event.time)
        case Deleted(object=None):
            _begin(row, Phase.STOPPING, free_since)
            _end(row, Phase.GONE, event.time)
        case Deleted() | Pruned():
            _begin(row, Phase.STOPPING, free_since)
        case Waiting(reason=reason, ready=ready, wanted=wanted):
            row.reason, row.ready, row.wanted = reason, ready, wanted
            if row.phase is Phase.APPLYING:
                row.phase = Phase.WAITING
        case Ready(ready=ready, wanted=wanted):
            row.ready, row.wanted = ready, wanted
            _end(row, Phase.READY, event.time)
        case Failed(code=code, message=message):
            _end(row, Phase.FAILED, event.time, f"{code}: {message}")
        case Blocked(by=by):
            _end(row, Phase.BLOCKED, event.time, f"by {', '.join(by)}")


def _begin(row: Row, phase: Phase, time: float) -> None:
    if row.phase is Phase.PENDING:
        row.phase, row.reason = phase, ""
    row.began = row.began or time


def _end(row: Row, phase: Phase, time: float, reason: str = "") -> None:
    row.phase, row.ended, row.reason = phase, time, reason
