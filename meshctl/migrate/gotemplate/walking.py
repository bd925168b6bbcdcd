"""Looks through a whole template before it is written anew."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.migrate.gotemplate.tree import (
    Action,
    Branch,
    Call,
    Define,
    Dot,
    Expression,
    Fields,
    Include,
    Literal,
    Method,
    Node,
    Pipeline,
    Range,
    Template,
    Variable,
)


def assigned_in_loops(template: Template) -> frozenset[str]:
    """The variables that something inside of a `range` assigns to: a loop of Jinja forgets what it has set."""
    every = [template.nodes, *template.defined.values()]
    return frozenset(name for nodes in every for name in _assigned(nodes, inside=False))


def _assigned(nodes: tuple[Node, ...], *, inside: bool) -> Iterator[str]:
    for node in nodes:
        match node:
            case Action(_, pipeline) if pipeline.assigns and inside:
                yield from pipeline.names
            case Branch():
                for arm in node.arms:
                    yield from _assigned(arm.body, inside=inside)
                yield from _assigned(node.otherwise, inside=inside)
            case Range():
                yield from _assigned(node.body, inside=True)
                yield from _assigned(node.otherwise, inside=inside)
            case _:
                pass


def root_fields(template: Template) -> set[str]:
    """Every name that the template may read as a var: no variable may be called so."""
    return {
        name
        for nodes in (template.nodes, *template.defined.values())
        for pipeline in _pipelines(nodes)
        for name in _fields(pipeline.value)
    }


def _pipelines(nodes: tuple[Node, ...]) -> Iterator[Pipeline]:
    for node in nodes:
        match node:
            case Action(_, pipeline) | Include(_, _, Pipeline() as pipeline):
                yield pipeline
            case Branch():
                for arm in node.arms:
                    yield arm.pipeline
                    yield from _pipelines(arm.body)
                yield from _pipelines(node.otherwise)
            case Range():
                yield node.pipeline
                yield from _pipelines((*node.body, *node.otherwise))
            case Define():
                yield from _pipelines(node.body)
            case _:
                pass


def _fields(expression: Expression) -> Iterator[str]:
    match expression:
        case Fields(base, names):
            yield names[0]
            yield from _fields(base)
        case Call(_, arguments):
            for argument in arguments:
                yield from _fields(argument)
            if arguments[1:] and isinstance(arguments[1], Literal) and isinstance(arguments[1].value, str):
                yield arguments[1].value
        case Method(target):
            yield from _fields(target)
        case Dot() | Literal() | Variable():
            return
