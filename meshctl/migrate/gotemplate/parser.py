"""Tokens into the tree, by Go's grammar."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from meshctl.migrate.gotemplate.lexer import Lexeme, Token, char_value, lexemes, number_value, string_value
from meshctl.migrate.gotemplate.tree import (
    Action,
    Arm,
    Branch,
    Call,
    Comment,
    Define,
    Dot,
    Expression,
    Fields,
    GoSyntaxError,
    Include,
    Jump,
    Literal,
    Method,
    Node,
    Pipeline,
    Range,
    Tag,
    Template,
    Text,
    Variable,
)


def parse(source: str) -> Template:
    """Raises GoSyntaxError."""
    parser = _Parser(list(lexemes(source)))
    nodes, stop = parser.body(())
    if stop:
        raise GoSyntaxError(f"unexpected {stop.word}", stop.tag.start)
    return Template(source, nodes, parser.defined, parser.trims)


class _Head:
    """The tokens of one action, read from left to right."""

    def __init__(self, lexeme: Lexeme) -> None:
        assert lexeme.tag  # noqa: S101 - actions have one
        self.tag: Tag = lexeme.tag
        self._tokens = list(lexeme.tokens)
        self._next = 0
        self.skip()
        first = self.peek()
        self.word = self.take().text if first and first.kind == "keyword" and first.text != "nil" else ""

    def peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def take(self) -> Token:
        token = self.peek()
        if token is None:
            raise GoSyntaxError("missing value for command", self.tag.end - 2)
        self._next += 1
        return token

    def skip(self) -> None:
        while (token := self.peek()) and token.kind == "space":
            self._next += 1

    def kind(self) -> str:
        token = self.peek()
        return token.kind if token else ""

    def done(self) -> None:
        self.skip()
        if token := self.peek():
            raise GoSyntaxError(f"unexpected {token.text!r} in {self.word or 'command'}", token.position)

    def name(self) -> str:
        self.skip()
        token = self.take()
        if token.kind not in ("string", "raw"):
            raise GoSyntaxError(f"unexpected {token.text!r} in {self.word} clause", token.position)
        return string_value(token)

    def pipeline(self, *, most_names: int = 1) -> Pipeline:
        """Up to the end of the action."""
        self.skip()
        names, assigns = self._declared(most_names)
        value = self._piped()
        self.done()
        return Pipeline(value, names, assigns)

    def _declared(self, most: int) -> tuple[tuple[str, ...], bool]:
        start = self._next
        names: list[str] = []
        while self.kind() == "variable" and len(names) < most:
            names.append(self.take().text[1:])
            self.skip()
            if self.kind() in ("declare", "assign"):
                return tuple(names), self.take().kind == "assign"
            if self.kind() != "comma":
                break
            self.take()
            self.skip()
        self._next = start
        return (), False

    def _piped(self) -> Expression:
        value = self._command(None)
        while self.kind() == "pipe":
            self.take()
            self.skip()
            if self.kind() in ("close", ""):
                break  # Go takes a pipe into nothing
            value = self._command(value)
        return value

    def _command(self, piped: Expression | None) -> Expression:
        """One function with its arguments, or one value; what is piped into it is its last argument."""
        operands: list[tuple[Expression, Token]] = []
        self.skip()
        while (token := self.peek()) and token.kind not in ("pipe", "close"):
            operands.append((self._operand(), token))
            if self.kind() not in ("space", "pipe", "close", ""):
                raise GoSyntaxError(f"unexpected {self.take().text!r} in operand", token.position)
            self.skip()
        if not operands:
            raise GoSyntaxError("missing value for command", self.tag.start)
        first, token = operands[0]
        arguments = [operand for operand, _ in operands[1:]] + ([piped] if piped is not None else [])
        if isinstance(first, Call) and not first.arguments and token.kind == "word":
            return Call(first.function, tuple(arguments))
        if isinstance(first, Literal) and first.value is None:
            raise GoSyntaxError("nil is not a command", token.position)
        if not arguments:
            return first
        if isinstance(first, Literal):
            raise GoSyntaxError(f"can't give argument to non-function {token.text}", token.position)
        return Method(first)

    def _operand(self) -> Expression:
        token = self.take()
        base = self._term(token)
        names = [token.text[1:]] if token.kind == "field" else []
        while self.kind() == "field":
            names.append(self.take().text[1:])
        if names and isinstance(base, Literal):
            raise GoSyntaxError(f"unexpected . after term {token.text!r}", token.position)
        return Fields(base, tuple(names)) if names else base

    def _term(self, token: Token) -> Expression:
        simple = _TERMS.get(token.kind)
        if simple:
            return simple(token)
        if token.kind == "open":
            return self._parenthesized(token)
        if token.kind == "keyword" and token.text == "nil":
            return Literal(None)
        raise GoSyntaxError(f"unexpected {token.text!r} in operand", token.position)

    def _parenthesized(self, token: Token) -> Expression:
        self.skip()
        value = self._piped()
        if self.kind() != "close":
            raise GoSyntaxError("unclosed left paren", token.position)
        self.take()
        return value


_TERMS: dict[str, Callable[[Token], Expression]] = {
    "dot": lambda _: Dot(),
    "field": lambda _: Dot(),
    "variable": lambda token: Variable(token.text[1:]),
    "string": lambda token: Literal(string_value(token)),
    "raw": lambda token: Literal(string_value(token)),
    "char": lambda token: Literal(char_value(token)),
    "number": lambda token: Literal(number_value(token)),
    "bool": lambda token: Literal(token.text == "true"),
    "word": lambda token: Call(token.text, ()),
}


class _Parser:
    def __init__(self, found: list[Lexeme]) -> None:
        self._lexemes: Iterator[Lexeme] = iter(found)
        self.defined: dict[str, tuple[Node, ...]] = {}
        self.trims: dict[str, tuple[bool, bool]] = {}
        self._depth_of_ranges = 0

    def body(self, stops: tuple[str, ...]) -> tuple[tuple[Node, ...], _Head | None]:
        """The nodes up to one of the words, which is returned with its action; None at the end of the file."""
        nodes: list[Node] = []
        for lexeme in self._lexemes:
            if lexeme.kind == "text":
                nodes.append(Text(lexeme.text))
            elif lexeme.kind == "comment":
                assert lexeme.tag  # noqa: S101 - comments have one
                nodes.append(Comment(lexeme.tag, lexeme.text))
            else:
                head = _Head(lexeme)
                if head.word in ("end", "else"):
                    if head.word not in stops:
                        raise GoSyntaxError(f"unexpected {{{{{head.word}}}}}", head.tag.start)
                    return tuple(nodes), head
                nodes.extend(self._nodes(head))
        return tuple(nodes), None

    def _nodes(self, head: _Head) -> Iterator[Node]:
        if head.word in ("if", "with"):
            yield self._branch(head)
        elif head.word == "range":
            yield self._range(head)
        elif head.word == "define":
            yield self._define(head)
        elif head.word in ("template", "block"):
            yield self._include(head)
        elif head.word in ("break", "continue"):
            head.done()
            if not self._depth_of_ranges:
                raise GoSyntaxError(f"{{{{{head.word}}}}} outside {{{{range}}}}", head.tag.start)
            yield Jump(head.tag, head.word)
        else:
            yield Action(head.tag, head.pipeline())

    def _to_end(self, opened: _Head, *stops: str) -> tuple[tuple[Node, ...], _Head]:
        nodes, stop = self.body(("end", *stops))
        if stop is None:
            raise GoSyntaxError(f"unexpected EOF: {opened.word} without end", opened.tag.start)
        return nodes, stop

    def _branch(self, head: _Head) -> Branch:
        kinds, arms = [head.word], []
        pipeline = head.pipeline()
        nodes, stop = self._to_end(head, "else")
        arms.append(Arm(head.tag, pipeline, nodes))
        while stop.word == "else":
            tag = stop.tag
            word = self._else_word(stop, kinds[0])
            if not word:
                otherwise, end = self._to_end(stop)
                return Branch(tuple(kinds), tuple(arms), otherwise, tag, _ended(end))
            kinds.append(word)
            pipeline = stop.pipeline()
            nodes, stop = self._to_end(stop, "else")
            arms.append(Arm(tag, pipeline, nodes))
        return Branch(tuple(kinds), tuple(arms), (), None, _ended(stop))

    def _else_word(self, stop: _Head, allowed: str) -> str:
        """`if` of `else if`, `with` of `else with`, nothing of `else`."""
        stop.skip()
        token = stop.peek()
        if token is None:
            return ""
        if token.kind == "keyword" and token.text == allowed:
            return stop.take().text
        raise GoSyntaxError(f"unexpected {token.text!r} in else", token.position)

    def _range(self, head: _Head) -> Range:
        pipeline = head.pipeline(most_names=2)
        self._depth_of_ranges += 1
        body, stop = self._to_end(head, "else")
        self._depth_of_ranges -= 1
        if stop.word == "end":
            return Range(head.tag, pipeline, body, (), None, _ended(stop))
        stop.done()
        otherwise, end = self._to_end(stop)
        return Range(head.tag, pipeline, body, otherwise, stop.tag, _ended(end))

    def _define(self, head: _Head) -> Define:
        name = head.name()
        head.done()
        body, end = self._to_end(head)
        self.defined[name] = body
        self.trims[name] = (head.tag.right, end.tag.left)
        return Define(head.tag, name, body, _ended(end))

    def _include(self, head: _Head) -> Include:
        name = head.name()
        head.skip()
        pipeline = head.pipeline() if head.peek() else None
        if head.word == "template":
            return Include(head.tag, name, pipeline)
        body, end = self._to_end(head)
        if name not in self.defined:
            self.defined[name] = body
            self.trims[name] = (head.tag.right, end.tag.left)
        return Include(Tag(head.tag.left, _ended(end).right, head.tag.start, end.tag.end), name, pipeline)


def _ended(end: _Head) -> Tag:
    end.done()
    return end.tag
