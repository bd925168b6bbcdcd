"""A document as a tree whose parts know where in the text they are, for who edits the text and keeps all the rest.

More lenient than `load`: a key may come twice, as it does in the branches of a template. Aliases are leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from yaml.cyaml import CParser  # type: ignore[attr-defined]  # its stub forgets the export
from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from meshctl.errors import YamlError
from meshctl.yamlio.syntax import syntax_error
from meshctl.yamlio.tags import value_of


@dataclass(frozen=True)
class Node:
    """`start` and `end` count the characters of the text from 0; a block's `end` is that of the last thing in it.

    `value` is a scalar's, `entries` are a mapping's keys and values, `items` a sequence's. `flow` says that it is
    written in brackets.
    """

    kind: Literal["scalar", "mapping", "sequence", "alias"]
    start: int
    end: int
    line: int
    column: int
    value: Any = None
    flow: bool = False
    entries: tuple[tuple[Node, Node], ...] = ()
    items: tuple[Node, ...] = ()
    keys: dict[str, Node] = field(default_factory=dict, repr=False, compare=False)

    def get(self, *path: str) -> Node | None:
        """The value of a key, of the first of two; None where something on the way is no mapping."""
        node: Node | None = self
        for key in path:
            node = node.keys.get(key) if node else None
        return node

    def entry(self, key: str) -> tuple[Node, Node] | None:
        return next(((name, value) for name, value in self.entries if name.value == key), None)

    def walk(self) -> Iterator[Node]:
        """The node and all that is in it."""
        yield self
        for name, value in self.entries:
            yield from (name, *value.walk())
        for item in self.items:
            yield from item.walk()


def compose(text: str, file: str) -> list[Node]:
    """The documents of a text. Raises YamlError."""
    try:
        return list(_Composer(text).documents())
    except (YAMLError, UnicodeEncodeError) as error:
        raise syntax_error(error, text, file) from error
    except ValueError as error:
        raise YamlError(str(error)) from error


class _Composer:
    def __init__(self, text: str) -> None:
        self._next: Callable[[], Any] = CParser(text).get_event

    def documents(self) -> Iterator[Node]:
        self._next()
        while self._next().__class__ is not StreamEndEvent:
            yield self._node(self._next())
            self._next()

    def _node(self, event: Any) -> Node:
        mark = event.start_mark
        place = (mark.index, event.end_mark.index, mark.line + 1, mark.column + 1)
        if event.__class__ is ScalarEvent:
            return Node("scalar", *place, value=value_of(event))
        if event.__class__ is AliasEvent:
            return Node("alias", *place)
        if event.__class__ is MappingStartEvent:
            return self._mapping(event)
        assert event.__class__ is SequenceStartEvent  # noqa: S101 - there is no other event here
        return self._sequence(event)

    def _mapping(self, event: Any) -> Node:
        entries = []
        while (found := self._next()).__class__ is not MappingEndEvent:
            entries.append((self._node(found), self._node(self._next())))
        keys = {str(name.value): value for name, value in reversed(entries)}
        last = entries[-1][1].end if entries else None
        return Node("mapping", *_span(event, found, last), bool(event.flow_style), tuple(entries), keys=keys)

    def _sequence(self, event: Any) -> Node:
        items = []
        while (found := self._next()).__class__ is not SequenceEndEvent:
            items.append(self._node(found))
        last = items[-1].end if items else None
        return Node("sequence", *_span(event, found, last), bool(event.flow_style), items=tuple(items))


def _span(first: Any, last: Any, inside: int | None) -> tuple[int, int, int, int, None]:
    """Place and value of a collection; the end of a block is where the last thing `inside` of it ends."""
    mark = first.start_mark
    end = last.end_mark.index if first.flow_style or inside is None else inside
    return (mark.index, end, mark.line + 1, mark.column + 1, None)
