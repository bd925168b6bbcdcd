"""A template's syntax tree with our own look at whatever could go on for ever: loops, `~`, lists and mappings.

Filters, calls and the other operators are looked at by the environment; these have no hook there, so they become
filters, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from meshctl.templating import budget
from meshctl.templating.limits import check_text, check_value

VERSION = 2  # of the code that templates compile to: what was compiled by another one is compiled again
_ROUNDS, _JOINED, _MEASURED = "meshctl_rounds", "meshctl_joined", "meshctl_measured"


def counted(tree: nodes.Template) -> nodes.Template:
    """The same template, whose loops and values count."""
    found: nodes.Template = _Counting().visit(tree)
    return found


class _Counting(NodeTransformer):
    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's way to name visitors
        self.generic_visit(node)
        node.iter = _filter(_ROUNDS, node.iter)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filter(_JOINED, nodes.List(node.nodes, lineno=node.lineno))

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        return self._measured(node, node.items)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        return self._measured(node, node.items) if node.ctx == "load" else node

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802
        return self._measured(node, [pair.value for pair in node.items])

    def _measured(self, node: nodes.Expr, values: Sequence[nodes.Node]) -> nodes.Node:
        """What is written out is as long as it is written; what has variables in it may be much longer."""
        constant = all(isinstance(value, nodes.Const) for value in values)
        self.generic_visit(node)
        return node if constant else _filter(_MEASURED, node)


def _filter(name: str, node: nodes.Node) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _rounds(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        budget.step()
        yield item


def _joined(parts: Sequence[Any]) -> str:
    for part in parts:
        check_value(part)
    texts = list(map(str, parts))
    size = sum(map(len, texts))
    check_text(size, "the result of ~")
    budget.made(size)
    return "".join(texts)


def _measured(value: Any) -> Any:
    budget.made(check_value(value))
    return value


FILTERS: dict[str, Callable[..., Any]] = {_ROUNDS: _rounds, _JOINED: _joined, _MEASURED: _measured}
