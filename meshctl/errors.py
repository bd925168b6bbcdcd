"""The error tree. Every class carries its exit code; what is known of a place goes into `where`.

    MeshctlError                  1
    ├── UsageError                2   the command line
    ├── ConfigError               2   the project file
    ├── YamlError                 2   a file that is no YAML, or no YAML as we allow it
    ├── TemplateError             2   a template, or the YAML that it renders to
    ├── GuardError                3   refused before anything was done: context, ownership, dependants
    ├── DriftError                4   what is there is not what should be there
    ├── CheckError                4   a finding that stops a start
    ├── ClusterError              1   the API server said no, or said nothing
    │   ├── Unreachable               no answer: refused, timed out, wrong certificate
    │   ├── Unauthorized              401
    │   ├── Forbidden                 403
    │   ├── NotFound                  404
    │   ├── NoSuchKind                the server serves no such kind
    │   ├── Conflict                  409
    │   ├── Gone                      410
    │   ├── Invalid                   400, 422
    │   └── Overloaded                429 and 5xx
    ├── SandboxError              1   the local control plane
    ├── Interrupted             130   Ctrl-C; 143 for SIGTERM
    └── Problems                      several at once: 130 or 143, then 3, then the highest

Only `meshctl.cli` catches these and exits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Where(NamedTuple):
    """A place in a file, as people and editors read it: lines and columns count from 1, 0 is unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])


class Caution(NamedTuple):
    """Something to know that stops nothing."""

    code: str
    message: str
    where: Where | None = None
    suggestion: str = ""


class MeshctlError(Exception):
    """What went wrong, in one sentence; `suggestion` says what to do next, `cautions` is what was odd before it."""

    exit_code = 1
    default_code = "Error"

    def __init__(self, message: str, *, code: str = "", where: Where | None = None, suggestion: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.where = where
        self.suggestion = suggestion
        self.cautions: tuple[Caution, ...] = ()

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" ({self.suggestion})" if self.suggestion else ""
        return f"{place}{self.message}{advice}"


class UsageError(MeshctlError):
    exit_code = 2
    default_code = "Usage"


class ConfigError(MeshctlError):
    exit_code = 2
    default_code = "MSH010"


class YamlError(MeshctlError):
    exit_code = 2
    default_code = "MSH001"


class TemplateError(MeshctlError):
    exit_code = 2
    default_code = "MSH101"


class GuardError(MeshctlError):
    exit_code = 3
    default_code = "Refused"


class DriftError(MeshctlError):
    exit_code = 4
    default_code = "Drift"


class CheckError(MeshctlError):
    exit_code = 4
    default_code = "MSH200"


class ClusterError(MeshctlError):
    """`status` is the HTTP status, 0 where there was no answer; `details` is the server's Status object."""

    default_code = "ClusterError"

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        where: Where | None = None,
        suggestion: str = "",
        status: int = 0,
        details: dict[str, object] | None = None,
    ) -> None:
        super().__init__(message, code=code, where=where, suggestion=suggestion)
        self.status = status
        self.details = details or {}


class Unreachable(ClusterError):
    default_code = "Unreachable"


class Unauthorized(ClusterError):
    default_code = "Unauthorized"


class Forbidden(ClusterError):
    default_code = "Forbidden"


class NotFound(ClusterError):
    default_code = "NotFound"


class NoSuchKind(ClusterError):
    default_code = "NoSuchKind"


class Conflict(ClusterError):
    """`fields` are what other managers own: (path, manager)."""

    default_code = "Conflict"
    fields: tuple[tuple[str, str], ...] = ()


class Gone(ClusterError):
    default_code = "Gone"


class Invalid(ClusterError):
    default_code = "Invalid"


class Overloaded(ClusterError):
    """`retry_after` is in seconds, as the server asked; `webhook` is the one that did not answer the server."""

    default_code = "Overloaded"
    retry_after: float | None = None
    webhook = ""


class SandboxError(MeshctlError):
    default_code = "Sandbox"


class Interrupted(MeshctlError):
    exit_code = 130
    default_code = "Interrupted"


class Problems(MeshctlError):
    """All problems of one stage. Never empty, never nested."""

    def __init__(self, errors: Iterable[MeshctlError]) -> None:
        flat: list[MeshctlError] = []
        for error in errors:
            flat.extend(error.errors if isinstance(error, Problems) else [error])
        self.errors: tuple[MeshctlError, ...] = tuple(flat)
        super().__init__("\n".join(str(error) for error in flat), code="Problems")

    @property
    def exit_code(self) -> int:  # type: ignore[override]
        return worst_exit(error.exit_code for error in self.errors)


def nearest(name: str, candidates: Iterable[str]) -> str:
    """The candidate that was probably meant, "" where none is near."""
    from difflib import get_close_matches

    choices = sorted(set(candidates))
    for choice in choices:
        if choice.casefold().replace("_", "-") == name.casefold().replace("_", "-"):
            return choice
    return next(iter(get_close_matches(name, choices, n=1)), "")


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """A suggestion with the nearest right name, "" where none is near."""
    choice = nearest(name, candidates)
    return f"did you mean {choice}?" if choice else ""


def worst_exit(codes: Iterable[int]) -> int:
    """One exit code for several outcomes: an interrupt, then a guard, then the highest of the rest."""
    found = set(codes) - {0}
    for first in (130, 143, 3):
        if first in found:
            return first
    return max(found, default=0)


def raise_all(errors: Iterable[MeshctlError]) -> None:
    """Raises the one error, or all of them as Problems; returns when there is none."""
    found = list(errors)
    if len(found) == 1:
        raise found[0]
    if found:
        raise Problems(found)
