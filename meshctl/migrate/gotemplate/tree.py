"""What a Go template is made of: texts and actions, and the expressions in actions."""

from __future__ import annotations

from dataclasses import dataclass, field


class GoSyntaxError(Exception):
    """A text that Go itself would refuse; `position` counts characters from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


@dataclass(frozen=True)
class Dot:
    """The cursor, `.`."""


@dataclass(frozen=True)
class Literal:
    """A string, a number, true, false or nil; `value` is Go's value of it."""

    value: str | int | float | bool | None


@dataclass(frozen=True)
class Variable:
    """`$x`; `$` has no name."""

    name: str


@dataclass(frozen=True)
class Fields:
    """`.a.b` of an expression; of the cursor for a plain `.a.b`."""

    base: Expression
    names: tuple[str, ...]


@dataclass(frozen=True)
class Call:
    """A function with its arguments, the piped one last."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Method:
    """A field with arguments, or with something piped into it: only Go values have such."""

    target: Expression


Expression = Dot | Literal | Variable | Fields | Call | Method


@dataclass(frozen=True)
class Pipeline:
    """`$names := value`, or with `=` where `assigns`; mostly without names."""

    value: Expression
    names: tuple[str, ...] = ()
    assigns: bool = False


@dataclass(frozen=True)
class Tag:
    """The delimiters of one action: whether they trim, and where the action begins and ends in the text."""

    left: bool
    right: bool
    start: int
    end: int


@dataclass(frozen=True)
class Text:
    value: str


@dataclass(frozen=True)
class Comment:
    tag: Tag
    value: str


@dataclass(frozen=True)
class Action:
    tag: Tag
    pipeline: Pipeline


@dataclass(frozen=True)
class Arm:
    """`if` or `with` and what follows, up to the next `else`."""

    tag: Tag
    pipeline: Pipeline
    body: tuple[Node, ...]


@dataclass(frozen=True)
class Branch:
    """`if` or `with`, its `else if`s, its `else`; `kinds` says for each arm which of the two it is."""

    kinds: tuple[str, ...]
    arms: tuple[Arm, ...]
    otherwise: tuple[Node, ...]
    else_tag: Tag | None
    end: Tag


@dataclass(frozen=True)
class Range:
    tag: Tag
    pipeline: Pipeline
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]
    else_tag: Tag | None
    end: Tag


@dataclass(frozen=True)
class Define:
    tag: Tag
    name: str
    body: tuple[Node, ...]
    end: Tag


@dataclass(frozen=True)
class Include:
    """`template`, or the call that a `block` makes, which then ends at its own end."""

    tag: Tag
    name: str
    pipeline: Pipeline | None


@dataclass(frozen=True)
class Jump:
    """`break` or `continue`."""

    tag: Tag
    word: str


Node = Text | Comment | Action | Branch | Range | Define | Include | Jump


@dataclass(frozen=True)
class Template:
    """A parsed file: what it writes, and the templates that it defines, blocks too.

    `trims` says of each of those whether the tags around it trim its beginning and its end.
    """

    source: str
    nodes: tuple[Node, ...]
    defined: dict[str, tuple[Node, ...]] = field(default_factory=dict)
    trims: dict[str, tuple[bool, bool]] = field(default_factory=dict)
