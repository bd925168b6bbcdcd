"""Where everything is: a second walk over libyaml's events, made only when somebody asks for a place.

It follows a text that `reader` has read before, so it meets no fault and no bomb.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from yaml.cyaml import CParser  # type: ignore[attr-defined]  # its stub forgets the export
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from meshctl.yamlio.document import Place
from meshctl.yamlio.tags import is_merge, key_of


class Duplicate(NamedTuple):
    key: str
    at: tuple[int, int]
    first: tuple[int, int]


class Places:
    """The place of each document, in order, and every key that a mapping has a second time."""

    def __init__(self, text: str) -> None:
        self.duplicates: list[Duplicate] = []
        self._next: Callable[[], Any] = CParser(text).get_event
        self._anchors: dict[str, Place] = {}
        self.documents = self._documents()

    def _documents(self) -> list[Place]:
        self._next()
        found = []
        while not isinstance(self._next(), StreamEndEvent):
            self._anchors = {}
            found.append(self._place(self._next()))
            self._next()
        return found

    def _place(self, event: Any) -> Place:
        if event.__class__ is AliasEvent:
            anchored = self._anchors[str(event.anchor)]
            return Place(_at(event), anchored.children, anchored.keys)
        place = Place(_at(event))
        if event.anchor:
            self._anchors[event.anchor] = place
        if isinstance(event, MappingStartEvent):
            self._mapping(place)
        elif isinstance(event, SequenceStartEvent):
            self._sequence(place)
        return place

    def _sequence(self, place: Place) -> None:
        while not isinstance(event := self._next(), SequenceEndEvent):
            index = len(place.children)
            place.children[index] = self._place(event)
            place.keys[index] = place.children[index].at

    def _mapping(self, place: Place) -> None:
        own: set[str] = set()
        while not isinstance(event := self._next(), MappingEndEvent):
            if is_merge(event):
                self._merge(place)
                continue
            key = key_of(event)
            if event.anchor:
                self._anchors[event.anchor] = Place(_at(event))
            if key in own:
                self.duplicates.append(Duplicate(key, _at(event), place.keys[key]))
            own.add(key)
            place.keys[key] = _at(event)
            place.children[key] = self._place(self._next())

    def _merge(self, place: Place) -> None:
        merged = self._place(self._next())
        for source in reversed(merged.children.values()) if 0 in merged.children else [merged]:
            place.children.update(source.children)
            place.keys.update(source.keys)


def _at(event: Any) -> tuple[int, int]:
    return (event.start_mark.line + 1, event.start_mark.column + 1)
