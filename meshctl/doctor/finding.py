"""What a look at one thing says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from meshctl.errors import MeshctlError, Problems

State = Literal["ok", "warn", "fail"]
Facts = TypeVar("Facts")
Look = Callable[[Facts], Iterable["Finding"]]
"""One row of an area's table: pure, it only judges what was looked up."""


@dataclass(frozen=True)
class Finding:
    """`area` and `name` are stable. `suggestion` is the command or the edit that mends it.

    `manifests` are objects that somebody with more rights could apply, where those mend it.
    """

    area: str
    name: str
    state: State
    message: str
    suggestion: str = ""
    manifests: tuple[Mapping[str, Any], ...] = ()

    def record(self) -> dict[str, Any]:
        """The form of machine output; `manifests` only where there are any."""
        names = ("area", "name", "state", "message", "suggestion")
        told = {name: getattr(self, name) for name in names}
        return {**told, "manifests": list(self.manifests)} if self.manifests else told


def judged(table: Iterable[Look[Facts]], facts: Facts) -> Iterator[Finding]:
    for look in table:
        yield from look(facts)


def each(error: MeshctlError) -> tuple[MeshctlError, ...]:
    """The errors inside Problems, or the one."""
    return error.errors if isinstance(error, Problems) else (error,)


def told(error: MeshctlError) -> str:
    """Its sentence, after its place."""
    return f"{error.where}: {error.message}" if error.where else error.message
