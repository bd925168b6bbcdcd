"""Go's template text into tokens, by the rules of Go's own lexer."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from meshctl.migrate.gotemplate.tree import GoSyntaxError, Tag

LEFT, RIGHT = "{{", "}}"
SPACES = " \t\r\n"
_KEYWORDS = ("block", "break", "continue", "define", "else", "end", "if", "nil", "range", "template", "with")
_WORDS = {**dict.fromkeys(_KEYWORDS, "keyword"), "true": "bool", "false": "bool"}
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]+(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?\d+)?|0[bB][01_]+|0[oO][0-7_]+"
    r"|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)i?"
)
_TOKENS = (
    ("space", re.compile(r"[ \t\r\n]+")),
    ("declare", re.compile(r":=")),
    ("assign", re.compile(r"=")),
    ("pipe", re.compile(r"\|")),
    ("comma", re.compile(r",")),
    ("open", re.compile(r"\(")),
    ("close", re.compile(r"\)")),
    ("string", re.compile(r'"(?:[^"\\\n]|\\.)*"')),
    ("raw", re.compile(r"`[^`]*`")),
    ("char", re.compile(r"'(?:[^'\\\n]|\\.[^'\n]*)'")),
    ("number", _NUMBER),
    ("variable", re.compile(r"\$\w*")),
    ("field", re.compile(r"\.[^\W\d]\w*")),
    ("dot", re.compile(r"\.")),
    ("word", re.compile(r"[^\W\d]\w*")),
)
_BEFORE_OTHERS = ("number", "variable", "field", "word")  # after these comes a space or an operator
_TERMINATORS = frozenset(" \t\r\n.,|:)(")


_TRIMS_LEFT = re.compile(r"-[ \t\r\n]")
_TRIMS_RIGHT = re.compile(r"[ \t\r\n]+-}}")


class Token(NamedTuple):
    """`kind` is one of _TOKENS', or keyword, bool, left or right."""

    kind: str
    text: str
    position: int


class Lexeme(NamedTuple):
    """A text between actions, a comment, or the tokens of an action; `tag` is None for texts."""

    kind: str
    text: str
    tokens: tuple[Token, ...]
    tag: Tag | None
    position: int


def lexemes(source: str) -> Iterator[Lexeme]:
    """Raises GoSyntaxError."""
    position = 0
    while (start := source.find(LEFT, position)) >= 0:
        if start > position:
            yield Lexeme("text", source[position:start], (), None, position)
        left = _TRIMS_LEFT.match(source, start + 2) is not None
        inside = start + (4 if left else 2)
        if source.startswith("/*", inside):
            lexeme = _comment(source, start, inside, left=left)
        else:
            lexeme = _action(source, start, inside, left=left)
        yield lexeme
        assert lexeme.tag  # noqa: S101 - both have one
        position = lexeme.tag.end
    if position < len(source):
        yield Lexeme("text", source[position:], (), None, position)


def _comment(source: str, start: int, inside: int, *, left: bool) -> Lexeme:
    end = source.find("*/", inside + 2)
    if end < 0:
        raise GoSyntaxError("unclosed comment", start)
    trims = _TRIMS_RIGHT.match(source, end + 2)
    if not trims and not source.startswith(RIGHT, end + 2):
        raise GoSyntaxError("comment ends before closing delimiter", end)
    tag = Tag(left, bool(trims), start, trims.end() if trims else end + 4)
    return Lexeme("comment", source[inside + 2 : end], (), tag, start)


def _action(source: str, start: int, inside: int, *, left: bool) -> Lexeme:
    tokens: list[Token] = []
    position = inside
    while True:
        trims = _TRIMS_RIGHT.match(source, position)
        if trims or source.startswith(RIGHT, position):
            end = trims.end() if trims else position + 2
            return Lexeme("action", source[start:end], tuple(tokens), Tag(left, bool(trims), start, end), start)
        token = _token(source, position, start)
        position += len(token.text)
        tokens.append(token)


def _token(source: str, position: int, start: int) -> Token:
    if position >= len(source):
        raise GoSyntaxError("unclosed action", start)
    for kind, pattern in _TOKENS:
        if found := pattern.match(source, position):
            text = found[0]
            following = source[found.end() : found.end() + 2]
            if kind in _BEFORE_OTHERS and following and following[0] not in _TERMINATORS and following != RIGHT:
                raise GoSyntaxError(f"bad character {following[0]!r}", found.end())
            return Token(_WORDS.get(text, kind) if kind == "word" else kind, text, position)
    what = {'"': "unterminated quoted string", "`": "unterminated raw quoted string", "'": "unterminated character"}
    raise GoSyntaxError(what.get(source[position], f"unexpected {source[position]!r} in command"), position)


def string_value(token: Token) -> str:
    """Of a quoted or raw string, as strconv.Unquote has it."""
    if token.kind == "raw":
        return token.text[1:-1].replace("\r", "")
    try:
        return _unquoted(token.text)
    except (SyntaxError, ValueError) as error:
        raise GoSyntaxError(f"invalid string {token.text}", token.position) from error


def char_value(token: Token) -> int:
    try:
        value = _unquoted(f'"{token.text[1:-1]}"' if token.text != "'\"'" else r'"\""')
    except (SyntaxError, ValueError) as error:
        raise GoSyntaxError(f"malformed character constant {token.text}", token.position) from error
    if len(value) != 1:
        raise GoSyntaxError(f"malformed character constant {token.text}", token.position)
    return ord(value)


def _unquoted(text: str) -> str:
    """Go's escapes are Python's, but for bytes: two and more of those may make one character in Go."""
    text = text.replace("\\'", "'")
    if re.search(r"(?<!\\)(?:\\\\)*\\(?:x[89a-fA-F]|[23][0-7]{2}|N)", text):
        raise ValueError(text)
    return str(ast.literal_eval(text))


def number_value(token: Token) -> int | float:
    """`1e3` is a float in a template, as is everything with a point or an exponent."""
    text = token.text.replace("_", "")
    if text.endswith("i"):
        raise GoSyntaxError(f"a complex number, {token.text}", token.position)
    digits = text.lstrip("+-").lower()
    if digits.startswith("0x") and ("." in digits or "p" in digits):
        return float.fromhex(text)
    if not digits.startswith("0x") and any(letter in digits for letter in ".e"):
        return float(text)
    if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
        return int(text, 8)
    return int(text, 0)
