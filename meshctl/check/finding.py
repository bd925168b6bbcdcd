"""What a check says: a fault as a rule sees it, and the finding that it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from meshctl.errors import Caution, MeshctlError, Where
from meshctl.identity import ObjectRef
from meshctl.manifest import Manifest
from meshctl.yamlio import Path

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The worst first."""
DOCUMENTATION = "https://meshctl.dev/docs/findings"


def is_worth(severity: Severity, least: Severity) -> bool:
    """Whether it is at least as bad as `least`."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(least)


def page_of(code: str) -> str:
    """The address of the page of a code."""
    return f"{DOCUMENTATION}#{code.lower()}"


class Fault(NamedTuple):
    """What a rule found, before anybody looks for its line.

    `path` leads to it in the object; `at_key` when the key there is at fault and not the value. A rule that looks at
    one object leaves `manifest` out; a rule of the project says `where` in the config. `severity` may be milder than
    the rule's own.
    """

    message: str
    path: Path = ()
    suggestion: str = ""
    at_key: bool = False
    severity: Severity | None = None
    manifest: Manifest | None = None
    where: Where | None = None


@dataclass(frozen=True)
class Finding:
    """`where` is the line to mend. `via` is the line of the service's template that took in the partial where that
    line is, None where there is no partial."""

    code: str
    severity: Severity
    message: str
    suggestion: str = ""
    aliases: tuple[str, ...] = ()
    ref: ObjectRef | None = None
    service: str = ""
    where: Where | None = None
    via: Where | None = None

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" ({self.suggestion})" if self.suggestion else ""
        return f"{place}{self.severity}: {self.message} [{self.code}]{advice}"

    @property
    def documentation(self) -> str:
        """The address of the page of its code."""
        return page_of(self.code)

    @property
    def confidential(self) -> bool:
        """Whether its line may have a value that nobody should see in a log."""
        return self.ref is not None and self.ref.kind == "Secret"

    @property
    def sort_key(self) -> tuple[object, ...]:
        """By place, so that who mends them goes through each file once; then by all that is left, to be the same
        every time."""
        file, line, column = self.where or ("", 0, 0)
        return (file, line, column, self.code, self.service, self.ref or (), self.message)


def of_error(error: MeshctlError) -> Finding:
    """A fault of the config or of a template, which loading or rendering raised."""
    return Finding(error.code, "error", error.message, error.suggestion, where=error.where)


def of_caution(caution: Caution) -> Finding:
    return Finding(caution.code, "warning", caution.message, caution.suggestion, where=caution.where)
