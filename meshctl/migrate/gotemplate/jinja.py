"""The tree written as a Jinja template that renders to the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from meshctl.migrate.gotemplate.functions import LIBRARY, Refused, as_text, literal
from meshctl.migrate.gotemplate.layout import Piece, assembled
from meshctl.migrate.gotemplate.scope import ROOT, Names, Root, Scope, Value, Vars
from meshctl.migrate.gotemplate.tree import (
    Action,
    Arm,
    Branch,
    Comment,
    Define,
    Include,
    Jump,
    Node,
    Pipeline,
    Range,
    Tag,
    Template,
    Text,
)
from meshctl.migrate.gotemplate.values import MISSING, Term, elements_of
from meshctl.migrate.gotemplate.walking import assigned_in_loops, root_fields

MACROS = f"{LIBRARY}.j2"


class Remark(NamedTuple):
    """Something to tell about the place of an action; `refused` where it was not carried over."""

    position: int
    message: str
    refused: bool


@dataclass(frozen=True)
class Translation:
    """`uses_macros` says that the template imports MACROS."""

    text: str
    remarks: tuple[Remark, ...]
    uses_macros: bool


def translate(template: Template, environments: Sequence[Mapping[str, Any]]) -> Translation:
    """The template in Jinja. `environments` are the vars of each project file."""
    vars_ = Vars(environments)
    writer = _Writer(template)
    names = Names(vars_.names | root_fields(template))
    scope = Scope(vars_, names, cells=assigned_in_loops(template))
    pieces = list(writer.nodes(template.nodes, scope))
    uses_macros = any(f"{LIBRARY}." in piece.body for piece in [*pieces, *writer.hoisted] if piece.delimiters)
    head = [Piece.tag("{%", f"import '{MACROS}' as {LIBRARY}")] if uses_macros else []
    remarks = sorted(set(writer.remarks))
    return Translation(assembled(head, writer.hoisted, pieces), tuple(remarks), uses_macros)


@dataclass
class _Writer:
    template: Template
    remarks: list[Remark] = field(default_factory=list)
    hoisted: list[Piece] = field(default_factory=list)
    _macros: dict[tuple[str, str], str] = field(default_factory=dict)

    def nodes(self, nodes: Sequence[Node], scope: Scope) -> Iterator[Piece]:
        """One after the other, as a variable is visible from its declaration on."""
        for node in nodes:
            try:
                pieces, scope = self._node(node, scope)
            except Refused as refused:
                pieces = self._marked(node, str(refused))
            yield from pieces

    def _node(self, node: Node, scope: Scope) -> tuple[list[Piece], Scope]:  # noqa: PLR0911 - one return a kind of node
        match node:
            case Text(value):
                return [Piece.text(value)], scope
            case Comment(tag, value):
                return [_tag(tag, "{#", value.replace("#}", "# }"))], scope
            case Action(tag, pipeline) if pipeline.names:
                return self._declaration(tag, pipeline, scope)
            case Action(tag, pipeline):
                return [_tag(tag, "{{", self._printed(tag, scope.pipeline(pipeline)))], scope
            case Branch():
                return self._branch(node, scope), scope
            case Range():
                return self._range(node, scope), scope
            case Define(tag, name, _, end):
                written = Tag(tag.left, end.right, tag.start, end.end)
                return [_tag(written, "{#", f' define "{name}": a macro at the top of this file ')], scope
            case Include(tag, name, pipeline):
                return [_tag(tag, "{{", self._include(name, pipeline, scope))], scope
            case Jump(_, word):
                raise Refused(f"Jinja has no {word}: write the rest of the loop into an if")

    def _printed(self, tag: Tag, term: Term) -> str:
        if term.undefined:
            self._tell(tag, f"nothing defines {term.code}: Go wrote <no value> for what is missing, gen refuses it")
        elif term.samples and any(sample is MISSING for sample in term.samples):
            message = f"{term.code} is missing in some environment: Go wrote <no value> for it, gen refuses it"
            self._tell(tag, message)
        return as_text(term).code

    def _tell(self, tag: Tag, message: str) -> None:
        self.remarks.append(Remark(tag.start, message, refused=False))

    def _marked(self, node: Node, reason: str) -> list[Piece]:
        """In place of what was not carried over: the reason, and a failure, so that nothing is rendered without it."""
        start, end = _span(node)
        self.remarks.append(Remark(start.start, reason, refused=True))
        source = self.template.source[start.start : end.end]
        inner = " ".join(source.replace("{{", "").replace("}}", "").split())
        message = literal(f"not migrated: {reason}: {inner[:120]}").code
        return [replace(_tag(start, "{{", f"fail({message})"), right=end.right)]

    def _declaration(self, tag: Tag, pipeline: Pipeline, scope: Scope) -> tuple[list[Piece], Scope]:
        name = pipeline.names[0]
        value = scope.value(pipeline.value)
        if pipeline.assigns:
            return [_tag(tag, "{%", self._assignment(name, value, scope))], scope
        body, scope = _bound(name, value, scope)
        return [_tag(tag, "{%", body) if body else _tag(tag, "{#", f" ${name}: the vars themselves ")], scope

    def _assignment(self, name: str, value: Value, scope: Scope) -> str:
        target = scope.variables.get(name)
        if target is None:
            raise Refused(f"undefined variable ${name}")
        if isinstance(target, Root) or isinstance(value, Root):
            raise Refused("Jinja has no mapping of all vars that could be assigned")
        return f"set {target.code} = {value.defined().code}"

    def _branch(self, node: Branch, scope: Scope) -> list[Piece]:
        """An arm that declares something needs a tag before its `if`, so what follows the `else` is nested."""
        pieces: list[Piece] = []
        closing = 1
        for number, (kind, arm) in enumerate(zip(node.kinds, node.arms, strict=True)):
            declaration, condition, scope, inner = _condition(kind, arm, scope)
            if not number:
                tags = [*([declaration] if declaration else []), f"if {condition}"]
            elif declaration:
                tags, closing = ["else", declaration, f"if {condition}"], closing + 1
            else:
                tags = [f"elif {condition}"]
            pieces += [*_tags(arm.tag, tags), *self.nodes(arm.body, inner)]
        if node.else_tag:
            pieces += [_tag(node.else_tag, "{%", "else"), *self.nodes(node.otherwise, scope)]
        return [*pieces, *_tags(node.end, ["endif"] * closing)]

    def _range(self, node: Range, scope: Scope) -> list[Piece]:
        if node.pipeline.assigns:
            raise Refused("range assigns to variables from outside, which Jinja's for does not")
        term = scope.pipeline(node.pipeline)
        loop = _loop(term, node.pipeline.names, scope)
        pieces = [
            *_tags(node.tag, [*loop.before, loop.head, *loop.first]),
            *self.nodes(node.body, loop.scope),
        ]
        if node.else_tag:
            pieces += [_tag(node.else_tag, "{%", "else"), *self.nodes(node.otherwise, scope)]
        return [*pieces, _tag(node.end, "{%", "endfor")]

    def _include(self, name: str, pipeline: Pipeline | None, scope: Scope) -> str:
        if name not in self.template.defined:
            raise Refused(f'there is no template "{name}" in this file')
        value: Value = literal(None) if pipeline is None else scope.value(pipeline.value)
        if isinstance(value, Root):
            return f"{self._macro(name, scope, ROOT)}()"
        given = value.defined()
        return f"{self._macro(name, scope, Term('dot', given.samples, single=True))}({given.code})"

    def _macro(self, name: str, scope: Scope, dot: Value) -> str:
        """One for calls with all vars, and one for each kind of value that it is called with."""
        key = (name, "" if isinstance(dot, Root) else repr(dot.samples))
        if key not in self._macros:
            self._macros[key] = scope.names.free(name, set(self._macros.values()))
            inner = Scope(scope.vars, scope.names, dot=dot, dollar=dot, cells=scope.cells)
            parameter = "" if isinstance(dot, Root) else "dot"
            body = list(self.nodes(self.template.defined[name], inner))
            head = Piece.tag("{%", f"macro {self._macros[key]}({parameter})")
            trims_first, trims_last = self.template.trims[name]
            end = Piece.tag("{%", "endmacro", left=trims_last)
            self.hoisted += [replace(head, right=trims_first), *body, end]
        return self._macros[key]


def _condition(kind: str, arm: Arm, scope: Scope) -> tuple[str, str, Scope, Scope]:
    """The declaration that comes first, the condition, the scope of later arms, the scope of the body."""
    pipeline = arm.pipeline
    if pipeline.assigns:
        raise Refused(f"{kind} that assigns to a variable has no counterpart")
    value = scope.term(pipeline.value)
    declaration = ""
    if pipeline.names:
        declaration, scope = _bound(pipeline.names[0], value, scope)
        bound = scope.variables[pipeline.names[0]]
        assert isinstance(bound, Term)  # noqa: S101 - a term was bound
        value = bound
    elif kind == "with" and not value.single:
        name = scope.fresh("it")
        declaration, value = f"set {name} = {value.defined().code}", replace(value.defined(), code=name, single=True)
    condition = value.defined().code
    inner = scope.knowing(value.code)
    return declaration, condition, scope, inner.with_dot(value.present()) if kind == "with" else inner


def _bound(name: str, value: Value, scope: Scope) -> tuple[str, Scope]:
    """The body of the tag that binds a Go variable, nothing for all vars, and the scope that knows it."""
    if isinstance(value, Root):
        return "", scope.bound(name, value)
    ready, own = value.defined(), scope.fresh(name)
    if name in scope.cells:
        term = Term(f"{own}.value", None, single=True)
        return f"set {own} = {LIBRARY}.cell(value={ready.code})", scope.bound(name, term)
    return f"set {own} = {ready.code}", scope.bound(name, Term(own, ready.samples, single=True))


class _Loop(NamedTuple):
    before: list[str]
    head: str
    first: list[str]
    scope: Scope


def _loop(term: Term, names: Sequence[str], scope: Scope) -> _Loop:
    """What a `range` becomes: Go goes through the keys of a map in order, through nothing for what is missing."""
    key_samples, value_samples = elements_of(term.samples)
    item = scope.fresh(names[-1] if names else "item")
    key = scope.names.free(names[0], {item}) if len(names) == 2 else ""
    before, iterated, number = _iteration(term, scope.names.free("entries", {item, key}))
    first = [f"set {key} = {number}"] if key and number else []
    head = f"for {item} in {iterated}" if number else f"for {key or '_'}, {item} in {iterated}"
    element, counter = Term(item, value_samples, single=True), Term(key, key_samples, single=True)
    inner = scope.with_dot(element)
    for name, value in zip(names[::-1], (element, counter), strict=False):
        inner, declarations = _bound_in_loop(name, value, inner)
        first += declarations
    return _Loop(before, head, first, inner)


def _iteration(term: Term, entries: str) -> tuple[list[str], str, str]:
    """What comes before the loop, what it goes through, and the number of a round; no number for pairs of a map."""
    there = [sample for sample in term.samples or () if sample is not MISSING and sample is not None]
    kinds = {type(sample) for sample in there}
    source = term.defined()
    if kinds == {dict}:
        return [], f"{_or_empty(source, '{}')} | dictsort(true)", ""
    if kinds == {list}:
        return [], _or_empty(source, "[]"), "loop.index0"
    if kinds == {int}:
        return [], f"range({source.code})", "loop.index0"
    if kinds - {dict, list, int}:
        raise Refused("range over what is neither a list nor a map")
    values = f"({entries} | dictsort(true) | map('last') if {entries} is mapping else {entries})"
    number = f"({entries} | dictsort(true))[loop.index0][0] if {entries} is mapping else loop.index0"
    return [f"set {entries} = {term.operand} | default([], true)"], values, number


def _bound_in_loop(name: str, value: Term, scope: Scope) -> tuple[Scope, list[str]]:
    if name not in scope.cells:
        return scope.bound(name, value), []
    body, scope = _bound(name, value, scope)
    return scope, [body]


def _or_empty(term: Term, empty: str) -> str:
    some_are_none = term.samples is None or any(sample is None for sample in term.samples)
    return f"({term.code} or {empty})" if some_are_none else term.operand


def _tag(tag: Tag, opening: str, body: str) -> Piece:
    return Piece.tag(opening, body, left=tag.left, right=tag.right)


def _tags(tag: Tag, bodies: Sequence[str]) -> list[Piece]:
    """Several tags in place of one: what it trims on its left the first one does, on its right the last one."""
    last = len(bodies) - 1
    return [
        Piece.tag("{%", body, left=tag.left and not number, right=tag.right and number == last)
        for number, body in enumerate(bodies)
    ]


def _span(node: Node) -> tuple[Tag, Tag]:
    """The first tag of a node and the last one."""
    match node:
        case Branch():
            return node.arms[0].tag, node.end
        case Range() | Define():
            return node.tag, node.end
        case Text():
            raise TypeError("a text has no tags")
        case _:
            return node.tag, node.tag
