"""Text to values, straight from libyaml's events: a tree in between costs as much again, places cost more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

from yaml.cyaml import CParser  # type: ignore[attr-defined]  # its stub forgets the export
from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from meshctl.errors import Where, YamlError, raise_all
from meshctl.yamlio.document import Document, Place
from meshctl.yamlio.places import Places
from meshctl.yamlio.scalars import read_plain
from meshctl.yamlio.syntax import syntax_error
from meshctl.yamlio.tags import is_merge, key_of, value_of

DEEPEST = 200  # levels of nesting; the deepest CRDs have some fifty
MOST_ALIASED = 100_000  # values that the aliases of a text may stand for, all together


class _Anchored(NamedTuple):
    """`size` counts the values inside; 0 while they are still being read."""

    value: Any
    size: int


def load(text: str, file: str) -> Document:
    """The one document of `text`; its value is None where there is none. Raises YamlError or Problems."""
    documents = load_all(text, file)
    if len(documents) > 1:
        where = documents[1].where(())
        raise YamlError("a second document begins here", where=where, suggestion="one document a file, without ---")
    return documents[0] if documents else Document(None, file, 1)


def load_all(text: str, file: str) -> list[Document]:
    """The documents of `text` without the empty ones. Raises YamlError or Problems."""
    text = text.removeprefix("\ufeff")
    try:
        reader = _Reader(text, file)
        documents = list(reader.documents())
    except (YAMLError, UnicodeEncodeError) as error:
        raise syntax_error(error, text, file) from error
    if reader.duplicates:
        _refuse_duplicates(text, file)
    return [document for document in documents if document.value is not None]


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.duplicates = False
        self._next: Callable[[], Any] = CParser(text).get_event
        self._depth = 0
        self._size = 0
        self._aliased = 0
        self._anchors: dict[str, _Anchored] = {}
        self._warnings: list[tuple[Where, str]] = []

    def documents(self) -> Iterator[Document]:
        places = _places(self.text)
        found = 0
        self._next()
        while self._next().__class__ is not StreamEndEvent:
            self._anchors, self._warnings = {}, []
            root = self._next()
            value = self._value(root)
            self._next()
            line = root.start_mark.line + 1
            yield Document(value, self.file, line, tuple(self._warnings), partial(_nth, places, found))
            found += 1

    def _value(self, event: Any) -> Any:
        self._size += 1
        if event.__class__ is ScalarEvent:
            value = self._scalar(event)
            if event.anchor:
                self._anchors[event.anchor] = _Anchored(value, 1)
            return value
        if event.__class__ is AliasEvent:
            return self._alias(event)
        return self._collection(event)

    def _scalar(self, event: Any) -> Any:
        if event.tag is None and event.implicit[0]:
            value, _, warning = read_plain(event.value)
            if warning:
                self._warnings.append((self._where(event), warning))
            if value.__class__ is not float:
                return value
        try:
            return value_of(event)
        except ValueError as error:
            raise self._error(event, str(error)) from None

    def _collection(self, event: Any) -> Any:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(event, f"nested more than {DEEPEST} levels deep")
        before = self._size
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(None, 0)
        value = self._mapping() if event.__class__ is MappingStartEvent else self._sequence()
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(value, self._size - before + 1)
        self._depth -= 1
        return value

    def _sequence(self) -> list[Any]:
        values = []
        while (event := self._next()).__class__ is not SequenceEndEvent:
            values.append(self._value(event))
        return values

    def _mapping(self) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        merged: set[str] = set()
        while (event := self._next()).__class__ is not MappingEndEvent:
            if event.__class__ is ScalarEvent and event.value == "<<" and is_merge(event):
                merged |= self._merge(mapping)
                continue
            key = self._key(event)
            if key in mapping and key not in merged:
                self.duplicates = True
            merged.discard(key)
            mapping[key] = self._value(self._next())
        return mapping

    def _key(self, event: Any) -> str:
        try:
            key = key_of(event)
            if event.anchor:
                self._anchors[event.anchor] = _Anchored(value_of(event), 1)
        except ValueError as error:
            advice = 'quote a template: "{{ … }}"' if event.__class__ is MappingStartEvent else "quote it"
            raise self._error(event, f"{error}, where Kubernetes takes only texts", advice) from None
        if event.tag is None and event.implicit[0] and (warning := read_plain(event.value).warning):
            self._warnings.append((self._where(event), warning))
        return key

    def _merge(self, mapping: dict[str, Any]) -> set[str]:
        """Merges what follows `<<`; as in goyaml.v2 it wins over keys before it, and the first of a list wins.

        Returns the keys that the mapping has only from there.
        """
        event = self._next()
        value = self._value(event)
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self._error(event, "<< merges a mapping or a list of mappings")
        new = {key for source in sources for key in source if key not in mapping}
        for source in reversed(sources):
            mapping.update(source)
        return new

    def _alias(self, event: Any) -> Any:
        anchored = self._anchors.get(event.anchor)
        if anchored is None:
            raise self._error(event, f"no anchor &{event.anchor} before this alias")
        if not anchored.size:
            raise self._error(event, f"the anchor &{event.anchor} contains itself")
        self._aliased += anchored.size
        self._size += anchored.size
        if self._aliased > MOST_ALIASED:
            raise self._error(event, f"aliases that stand for more than {MOST_ALIASED} values")
        return self._copy(anchored.value, event, self._depth)

    def _copy(self, value: Any, event: Any, depth: int) -> Any:
        """A value of its own for each alias, so that changing one changes no other."""
        if depth > DEEPEST:
            raise self._error(event, f"nested more than {DEEPEST} levels deep")
        if isinstance(value, dict):
            return {key: self._copy(child, event, depth + 1) for key, child in value.items()}
        if isinstance(value, list):
            return [self._copy(child, event, depth + 1) for child in value]
        return value

    def _where(self, event: Any) -> Where:
        return Where(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _error(self, event: Any, message: str, suggestion: str = "") -> YamlError:
        return YamlError(message, where=self._where(event), suggestion=suggestion)


def _places(text: str) -> Callable[[], list[Place]]:
    """When somebody asks, and once. It holds on to the text alone: a parser has 64 kB of buffers."""
    return cache(lambda: Places(text).documents)


def _nth(places: Callable[[], list[Place]], index: int) -> Place:
    return places()[index]


def _refuse_duplicates(text: str, file: str) -> None:
    raise_all(
        YamlError(
            f'"{key}" is set twice in one mapping, first in line {first[0]}',
            code="MSH002",
            where=Where(file, *at),
            suggestion="keep one of the two",
        )
        for key, at, first in Places(text).duplicates
    )
