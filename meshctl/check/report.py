"""The outcome of a check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from meshctl.check.finding import Finding, is_worth

FailOn = Literal["error", "warning", "never"]


@dataclass(frozen=True)
class Suppressed:
    """A finding that is ignored, and why; `in_source` when the object itself says so."""

    finding: Finding
    reason: str
    in_source: bool


@dataclass(frozen=True)
class Report:
    """`findings` are in order of place; `services` and `objects` are what has been looked at."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...] = ()
    services: tuple[str, ...] = ()
    objects: int = 0

    def fails(self, on: FailOn) -> bool:
        """Whether any finding is as bad as that."""
        return on != "never" and any(is_worth(finding.severity, on) for finding in self.findings)
