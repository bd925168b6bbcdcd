"""A value somewhere in an object, with the path that leads to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshctl.check.finding import Fault, Severity
from meshctl.manifest import Manifest
from meshctl.yamlio import Path


class Node:
    """What is not there, or has another shape than a rule expects, is empty: rules read on and never have to ask.

    The shape itself is judged by the schema.
    """

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: Path = ()) -> None:
        self.value = value
        self.path = path

    def __getitem__(self, step: str) -> Node:
        """The child of a mapping; an absent one is a node too, and its path is where it would be."""
        value = self.value
        return Node(value.get(step) if value.__class__ is dict else None, (*self.path, step))

    def at(self, *steps: str) -> Node:
        found = self
        for step in steps:
            found = found[step]
        return found

    def __iter__(self) -> Iterator[Node]:
        """The items of a list."""
        if self.value.__class__ is list:
            for index, value in enumerate(self.value):
                yield Node(value, (*self.path, index))

    def children(self) -> Iterator[tuple[str, Node]]:
        """The entries of a mapping."""
        if self.value.__class__ is dict:
            for key, value in self.value.items():
                yield key, Node(value, (*self.path, key))

    def __bool__(self) -> bool:
        """Whether there is anything; an empty mapping is something."""
        return self.value is not None

    @property
    def text(self) -> str:
        return self.value if self.value.__class__ is str else ""

    @property
    def number(self) -> int | None:
        """A whole number; true is none."""
        return self.value if self.value.__class__ is int else None

    @property
    def mapping(self) -> Mapping[str, Any]:
        return self.value if self.value.__class__ is dict else {}

    def fault(
        self,
        message: str,
        suggestion: str = "",
        *,
        at_key: bool = False,
        severity: Severity | None = None,
        manifest: Manifest | None = None,
    ) -> Fault:
        """A fault here. A rule that looks at several objects says which `manifest` it is in."""
        return Fault(message, self.path, suggestion, at_key, severity, manifest)
