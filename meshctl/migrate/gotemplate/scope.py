"""What names mean at one place of a template: the cursor, the variables, the vars of the project."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from meshctl.migrate.gotemplate.functions import FUNCTIONS, LIBRARY, Refused, literal
from meshctl.migrate.gotemplate.functions import field as field_term
from meshctl.migrate.gotemplate.tree import Call, Dot, Expression, Fields, Literal, Method, Pipeline, Variable
from meshctl.migrate.gotemplate.values import MISSING, Term

_NEVER_VARS = frozenset(
    [
        "and",
        "or",
        "not",
        "in",
        "is",
        "if",
        "else",
        "elif",
        "for",
        "endfor",
        "true",
        "false",
        "none",
        "True",
        "False",
        "None",
        "self",
        "loop",
    ]
)
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_TAKEN = _NEVER_VARS | {LIBRARY, "range", "dict", "cycler", "joiner", "namespace", "fail", "file", "lipsum", "caller"}


@dataclass(frozen=True)
class Root:
    """All vars together: Jinja has each of them, and no mapping of them all."""


Value = Term | Root
ROOT = Root()


class Vars:
    """The vars of each environment, and the names that a template may give to variables of its own."""

    def __init__(self, environments: Sequence[Mapping[str, Any]]) -> None:
        self._environments = environments
        self.missing: set[str] = set()

    def term(self, name: str) -> Term:
        if name in _NEVER_VARS or not _IDENTIFIER.fullmatch(name):
            raise Refused(f"no expression of Jinja reads a var called {name}: give it another name")
        samples = tuple(vars_.get(name, MISSING) for vars_ in self._environments)
        if not samples or all(sample is MISSING for sample in samples):
            return Term(name, None, single=True, undefined=True)
        return Term(name, samples, single=True)

    @property
    def names(self) -> set[str]:
        return {name for vars_ in self._environments for name in vars_}


@dataclass
class Names:
    """The names of Jinja that are in use in one template."""

    reserved: Collection[str]

    def free(self, wanted: str, visible: Collection[str]) -> str:
        base = re.sub(r"\W", "_", wanted).strip("_") or "item"
        base = base if not base[0].isdigit() else f"t{base}"
        name, number = base, 2
        while name in self.reserved or name in visible or name in _TAKEN:
            name, number = f"{base}_{number}", number + 1
        return name


@dataclass(frozen=True)
class Scope:
    """`cells` are the Go variables that something in a loop assigns to; `sure` is code that is known to be there."""

    vars: Vars
    names: Names
    dot: Value = ROOT
    dollar: Value = ROOT
    variables: Mapping[str, Value] = field(default_factory=dict)
    cells: Collection[str] = ()
    sure: frozenset[str] = frozenset()

    def with_dot(self, dot: Value) -> Scope:
        return replace(self, dot=dot)

    def knowing(self, code: str) -> Scope:
        return replace(self, sure=self.sure | {code})

    def bound(self, name: str, value: Value) -> Scope:
        return replace(self, variables={**self.variables, name: value})

    def fresh(self, wanted: str) -> str:
        terms = (self.dot, self.dollar, *self.variables.values())
        visible = {_IDENTIFIER.match(term.code) for term in terms if isinstance(term, Term)}
        return self.names.free(wanted, {found[0] for found in visible if found})

    def value(self, expression: Expression) -> Value:
        """Raises Refused."""
        match expression:
            case Dot():
                return self.dot
            case Variable(""):
                return self.dollar
            case Variable(name):
                if name not in self.variables:
                    raise Refused(f"undefined variable ${name}")
                return self.variables[name]
            case Literal(value):
                return literal(value)
            case Fields(base, names):
                return self._fields(base, names)
            case Call(function, arguments):
                return self._call(function, arguments)
            case Method():
                raise Refused("a method of a Go value, and vars have none")

    def term(self, expression: Expression) -> Term:
        """Raises Refused, also for all vars together."""
        value = self.value(expression)
        if isinstance(value, Root):
            raise Refused("Jinja has no mapping of all vars: name the one that is meant")
        return value

    def pipeline(self, pipeline: Pipeline) -> Term:
        return self.term(pipeline.value)

    def _fields(self, base: Expression, names: Sequence[str]) -> Value:
        value = self.value(base)
        for name in names:
            term = self.vars.term(name) if isinstance(value, Root) else field_term(value, name)
            value = term.present() if term.code in self.sure else term
        return value

    def _call(self, function: str, arguments: Sequence[Expression]) -> Term:
        if function not in FUNCTIONS:
            raise Refused(f"text/template has no function {function}")
        if function == "index" and len(arguments) > 1 and isinstance(self.value(arguments[0]), Root):
            first, *rest = arguments[1:]
            if not isinstance(first, Literal) or not isinstance(first.value, str):
                raise Refused("Jinja has no mapping of all vars to look in")
            return FUNCTIONS["index"]([self.vars.term(first.value), *map(self.term, rest)])
        return FUNCTIONS[function]([self.term(argument) for argument in arguments])
