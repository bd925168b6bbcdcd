"""Values of the project file that have expressions in them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache, lru_cache
from typing import Any

from jinja2 import Template, meta, nodes

from meshctl.templating import budget
from meshctl.templating.jinja import Dialect, fault, plain

_RESULT = "meshctl_result"


def evaluate(text: str, variables: Mapping[str, Any], known: Collection[str]) -> Any:
    try:
        with budget.limited():
            return plain(_compiled(text)(variables))
    except Exception as error:
        raise fault(error, {*variables, *known}) from error


@lru_cache(maxsize=4096)
def names(text: str) -> frozenset[str]:
    try:
        return frozenset(meta.find_undeclared_variables(_bare_dialect().parse(text)))
    except Exception as error:
        raise fault(error, ()) from error


@cache
def _dialect() -> Dialect:
    return Dialect(keep_trailing_newline=True)


@cache
def _bare_dialect() -> Dialect:
    """Without Jinja's globals: a variable may well be called `namespace` or `range`."""
    dialect = Dialect()
    dialect.globals.clear()
    return dialect


@lru_cache(maxsize=4096)
def _compiled(text: str) -> Callable[[Mapping[str, Any]], Any]:
    """One expression alone is assigned, so that its value keeps its type; anything else is rendered to a text."""
    tree = _dialect().parse(text)
    expression = _only_expression(tree)
    if expression is None:
        return _dialect().from_string(text).render
    assignment = nodes.Assign(nodes.Name(_RESULT, "store"), expression, lineno=1)
    template = _dialect().from_string(nodes.Template([assignment], lineno=1))
    return lambda variables: _assigned(template, variables)


def _only_expression(tree: nodes.Template) -> nodes.Expr | None:
    if len(tree.body) == 1 and isinstance(tree.body[0], nodes.Output) and len(tree.body[0].nodes) == 1:
        expression = tree.body[0].nodes[0]
        return None if isinstance(expression, nodes.TemplateData) else expression
    return None


def _assigned(template: Template, variables: Mapping[str, Any]) -> Any:
    context = template.new_context(dict(variables))
    for _ in template.root_render_func(context):
        pass
    return context.vars[_RESULT]
