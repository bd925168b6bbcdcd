"""A document that was read, and the places of its values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from meshctl.errors import Where

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """Where a value begins (line and column), where its keys are, and its children by key or index."""

    at: tuple[int, int]
    children: dict[str | int, Place] = field(default_factory=dict)
    keys: dict[str | int, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """`value` has plain dicts, lists and scalars, and texts for keys; `line` is where it begins.

    `warnings` are the plain scalars that YAML 1.1 and YAML 1.2 read differently. Places are asked for seldom, so they
    are found only then, by `places`.
    """

    value: Any
    file: str
    line: int
    warnings: tuple[tuple[Where, str], ...] = ()
    places: Callable[[], Place] = field(default=lambda: Place((0, 0)), repr=False, compare=False)

    def where(self, path: Path, *, key: bool = False) -> Where:
        """The place of the value at `path`, or of its key; of the nearest parent that there is."""
        place = self.places()
        at = place.at
        for step in path:
            if step not in place.children:
                break
            at = place.keys[step] if key else place.children[step].at
            place = place.children[step]
        return Where(self.file, *at)
