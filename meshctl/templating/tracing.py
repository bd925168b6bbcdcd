"""Which line of which template made a line of text. Slow, so it is asked only when there is something to tell.

The template is rendered again, with an invisible mark before each line of its own text, and filters and macros carry
the marks along. Where one of them loses marks, or takes them for text, lines are matched by what they say.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache, lru_cache, wraps
from typing import Any, NamedTuple

from jinja2 import lexer
from jinja2.ext import Extension

from meshctl.errors import Where
from meshctl.templating import budget
from meshctl.templating.files import Templates

_NEWLINE = re.compile("\r\n|\r|\n")
_MARK = re.compile("\ue000([0-9]+):([0-9]+)\ue001")
_MARGIN = re.compile("(?:\\s|\ue000[0-9:]+\ue001)+")
_END_MARGIN = re.compile("(?:\\s|\ue000[0-9:]+\ue001)+\\Z")
_CARRIERS = ("indent", "nindent", "trim", "join", "list", "safe", "default", "d")  # filters that may see the marks


class Origin(NamedTuple):
    """`inner` is the line of the template or partial that has the text, `outer` the template's own line that took the
    partial in, the same where there is none. A column is 0 where the text came out otherwise than it is written."""

    inner: Where
    outer: Where


class _Piece(NamedTuple):
    """What the text from `column` on comes from, as (template, line). Columns count from where the line's text begins:
    `indent` moves it, and moves a line that has nothing but a mark, too."""

    column: int
    inner: tuple[str, int]
    outer: tuple[str, int]


class Trace:
    """Where the lines of one rendered text come from. Raises whatever rendering raises."""

    def __init__(self, templates: Templates, name: str, variables: Mapping[str, Any], text: str) -> None:
        self._templates = templates
        self._lines = text.split("\n")
        marked = _marked(templates)
        with budget.limited():
            again = "".join(marked.get_template(name).generate(variables))
        traced = list(_pieces(again, marked.names, name))
        places = _aligned([line for line, _ in traced], self._lines)
        self._pieces = [traced[place][1] for place in places]
        self._source = cache(self._read_source)

    def origin(self, line: int, column: int = 1) -> Origin:
        """The origin of a place in the text; line and column count from 1."""
        line = min(max(line, 1), len(self._lines))
        text = self._lines[line - 1]
        margin = len(text) - len(text.lstrip())
        pieces = self._pieces[line - 1]
        piece = pieces[bisect_right([piece.column for piece in pieces], max(column - 1 - margin, 0)) - 1]
        return Origin(self._where(piece.inner, text, column), self._where(piece.outer, text, column))

    def _where(self, place: tuple[str, int], text: str, column: int) -> Where:
        name, line = place
        file, lines = self._source(name)
        as_written = line <= len(lines) and _is_written(text, lines[line - 1], column)
        return Where(file, line, column if as_written else 0)

    def _read_source(self, name: str) -> tuple[str, list[str]]:
        """A template's file as messages have it, and its lines; none of one that is no longer there."""
        source = self._templates.folders.source(name)
        return (self._templates.folders.shown(source[1]), _NEWLINE.split(source[0])) if source else (name, [])


def _is_written(text: str, line: str, column: int) -> bool:
    """Whether a column of the text is the same column of the template's line; what is there may be an expression."""
    before = text[: column - 1]
    return line.startswith(text[:column]) or (line.startswith(before) and not before.isspace() and before != "")


@lru_cache(maxsize=1)
def _marked(templates: Templates) -> _MarkedTemplates:
    """One for all traces of a run: a library that every template imports is compiled once."""
    return _MarkedTemplates(templates)


class _Marks(Extension):
    """Writes the marks into the text between tags, before it is parsed."""

    environment: _MarkedTemplates

    def filter_stream(self, stream: lexer.TokenStream) -> Iterator[lexer.Token]:
        number = self.environment.number_of(stream.name or "")
        for token in stream:
            if token.type == lexer.TOKEN_DATA:
                lines = enumerate(token.value.split("\n"), token.lineno)
                marked = "\n".join(f"\ue000{number}:{line}\ue001{text}" for line, text in lines)
                yield lexer.Token(token.lineno, token.type, marked)
            else:
                yield token


class _MarkedTemplates(Templates):
    """The same templates, compiled with marks. Filters that look at text see it without."""

    def __init__(self, original: Templates) -> None:
        super().__init__(original.folders, extensions=[_Marks])
        self.names: list[str] = []
        self.globals.update(original.globals)
        for name in self.filters.keys() - _CARRIERS:
            self.filters[name] = _without_marks(self.filters[name])
        self.filters["trim"] = _trim

    def number_of(self, name: str) -> int:
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)


def _without_marks(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        plain = (_MARK.sub("", value) if isinstance(value, str) else value for value in arguments)
        return function(*plain, **options)

    return wrapped


def _trim(value: Any, chars: str | None = None) -> str:
    """As Jinja's, but of the marks in the margins the last one before the text stays."""
    text = str(value)
    if chars is not None:
        return _MARK.sub("", text).strip(chars)
    before = _MARGIN.match(text)
    marks = _MARK.findall(before[0]) if before else []
    text = _END_MARGIN.sub("", _MARGIN.sub("", text, count=1) if before else text)
    return "\ue000{}:{}\ue001".format(*marks[-1]) + text if marks and text else text


def _pieces(marked: str, names: Sequence[str], own: str) -> Iterator[tuple[str, list[_Piece]]]:
    """Each line without its marks, and what its pieces come from. What has no mark belongs to the mark before it."""
    inner = outer = (own, 1)
    for line in marked.split("\n"):
        text, end, pieces = "", 0, [_Piece(0, inner, outer)]
        for mark in _MARK.finditer(line):
            text, end = text + line[end : mark.start()], mark.end()
            inner = (names[int(mark[1])], int(mark[2]))
            outer = inner if inner[0] == own else outer
            pieces.append(_Piece(len(text), inner, outer))
        text += line[end:]
        margin = len(text) - len(text.lstrip())
        yield text, [piece._replace(column=max(piece.column - margin, 0)) for piece in pieces]


def _aligned(traced: Sequence[str], wanted: Sequence[str]) -> Sequence[int]:
    """For each wanted line the traced one that it is, or that comes before it."""
    if traced == wanted:
        return range(len(wanted))
    matcher = SequenceMatcher(None, [line.strip() for line in traced], [line.strip() for line in wanted])
    places = [-1] * len(wanted)
    for block in matcher.get_matching_blocks():
        places[block.b : block.b + block.size] = range(block.a, block.a + block.size)
    for index, place in enumerate(places):
        if place < 0:
            places[index] = places[index - 1] if index else 0
    return places
