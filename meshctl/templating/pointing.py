"""The word of a template that a fault is about, and where it stands."""

from __future__ import annotations

import re
from typing import NamedTuple

from jinja2.exceptions import TemplateNotFound, TemplateRuntimeError, TemplateSyntaxError, UndefinedError

from meshctl.templating.jinja import NoArgument

_QUOTED = re.compile(r"(?:named|tag|got|unexpected|unexpected char) '([^']+)'")
_CLOSES = {"end of print statement": "}}", "end of statement block": "%}"}
_BRACKETS = frozenset(")]}")
_END = re.compile(r"[}%#]\}")


class Spot(NamedTuple):
    """Both from 1; a column of 0 is unknown."""

    line: int
    column: int = 0


def word_of(error: Exception) -> str:
    """As the template has it, "" where the error is about no word."""
    if isinstance(error, (UndefinedError, TemplateNotFound, NoArgument)):
        return str(getattr(error, "name", ""))
    if isinstance(error, (TemplateSyntaxError, TemplateRuntimeError)) and (found := _QUOTED.search(str(error))):
        return _CLOSES.get(found[1], found[1])
    return ""


def spot(text: str, line: int, word: str) -> Spot:
    """Jinja knows the line in which an expression begins: the word may stand in a later one of the same expression."""
    for number, content in enumerate(text.splitlines()[line - 1 :], start=line):
        if found := _places(content, word):
            return Spot(number, found[-1 if word in _BRACKETS else 0])  # of a bracket too many it is the last one
        if _END.search(content):
            break
    return Spot(line)


def unclosed(text: str, block: str) -> int:
    """The line of the last tag of that name that no end tag closes, 0 where there is none."""
    opened: list[int] = []
    for tag in re.finditer(rf"\{{%[-+]?\s*(end)?{re.escape(block)}\b", text):
        if not tag[1]:
            opened.append(text.count("\n", 0, tag.start()) + 1)
        elif opened:
            opened.pop()
    return opened[-1] if opened else 0


def _places(line: str, word: str) -> list[int]:
    """The columns of a word, whole, outside of what is text between two expressions."""
    if not word:
        return []
    before, after = (r"\b" if re.match(r"\w", end) else "" for end in (word[0], word[-1]))
    return [found.start() + 1 for found in re.finditer(before + re.escape(word) + after, line)]
