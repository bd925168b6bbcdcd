"""Texts and tags put together so that whitespace comes out as Go has it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from meshctl.migrate.gotemplate.lexer import SPACES

_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
_LIKE_JINJA = re.compile(r"\{[{%#]")


@dataclass(frozen=True)
class Piece:
    """A text, or a tag with its opening delimiter; `left` and `right` say whether it trims."""

    body: str
    delimiters: str = ""
    left: bool = False
    right: bool = False

    @classmethod
    def text(cls, value: str) -> Piece:
        return cls(value)

    @classmethod
    def tag(cls, opening: str, body: str, *, left: bool = False, right: bool = False) -> Piece:
        return cls(body, opening, left=left, right=right)

    def written(self) -> str:
        if not self.delimiters:
            return self.body
        blank = "" if self.delimiters == "{#" else " "
        before, after = "-" if self.left else "", "-" if self.right else ""
        return f"{self.delimiters}{before}{blank}{self.body}{blank}{after}{_CLOSING[self.delimiters]}"


def assembled(head: Sequence[Piece], macros: Sequence[Piece], body: Sequence[Piece]) -> str:
    """The imports and the macros on lines of their own, then the template as it was laid out."""
    text = "".join(piece.written() for piece in _trimmed(body))
    before = "".join(piece.written() for piece in _trimmed([*head, *macros]))
    if not before:
        return text
    if text[:1].isspace() or not text:
        return before + text
    return before.removesuffix("%}").removesuffix(" ") + " -%}\n" + text


def _trimmed(pieces: Sequence[Piece]) -> list[Piece]:
    """Go trims blanks, tabs and line ends alone; where Jinja would trim more, the text is cut and the tag is not asked.

    A text must not end with a brace before a tag, nor hold what Jinja takes for the beginning of one.
    """
    done = list(pieces)
    for number, piece in enumerate(done):
        if piece.delimiters:
            continue
        text = piece.body
        if number and done[number - 1].right and text.lstrip() != text.lstrip(SPACES):
            text = text.lstrip(SPACES)
            done[number - 1] = replace(done[number - 1], right=False)
        if number + 1 < len(done) and done[number + 1].left and text.rstrip() != text.rstrip(SPACES):
            text = text.rstrip(SPACES)
            done[number + 1] = replace(done[number + 1], left=False)
        done[number] = replace(piece, body=_escaped(text, before_tag=number + 1 < len(done)))
    return done


def _escaped(text: str, *, before_tag: bool) -> str:
    text = _LIKE_JINJA.sub(lambda found: f"{{{{ '{found[0]}' }}}}", text)
    if before_tag and text.rstrip(SPACES).endswith("{") and not text.endswith("}}"):
        cut = text.rstrip(SPACES)
        return f"{cut[:-1]}{{{{ '{{' }}}}{text[len(cut) :]}"
    return text
