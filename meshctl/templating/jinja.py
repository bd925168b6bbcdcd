"""The dialect: Jinja, sandboxed and immutable; an undefined name is an error, nothing is escaped for HTML."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from jinja2 import StrictUndefined
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError, UndefinedError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from meshctl.errors import MeshctlError, TemplateError, did_you_mean
from meshctl.templating.filters import FILTERS, fail, tojson, toyaml

LARGEST_TEXT = 32 * 1024 * 1024  # characters of one rendered template, and of one product like 'x' * n
LARGEST_INTEGER = 65536  # bits

_GO_WORDS = "if|else|range|with|define|template|block|include|printf|tpl|required|default|eq|ne|and|or"
_JINJA_OPERATORS = "if|is|in|and|or|not|else"
_GO_ACTION = re.compile(
    r"\{\{-?\s*(?:[.$]|/\*|(?:else|end)\s*-?\}\}"
    rf"|(?:{_GO_WORDS})\s+(?!(?:{_JINJA_OPERATORS})\b)[\w.$\"(]).*?(?:\}}\}}|$)",
    re.MULTILINE,
)


class UndefinedName(UndefinedError):
    """`owner` is what the name was looked up in, None for the variables."""

    def __init__(self, name: str, owner: Any, message: str | None = None) -> None:
        super().__init__(message)
        self.name = name
        self.owner = owner


class Undefined(StrictUndefined):
    """Strict, and its exception knows the name."""

    __slots__ = ()

    def __init__(self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: Any = None) -> None:
        if exc in (None, UndefinedError):
            exc = partial(UndefinedName, name or "", None if obj is missing else obj)
        super().__init__(hint, obj, name, exc)


class Dialect(ImmutableSandboxedEnvironment):
    """Operators that could fill the memory are looked at first."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self, **options: Any) -> None:
        super().__init__(undefined=Undefined, autoescape=False, **options)
        self.filters.update(FILTERS)
        self.filters["toyaml"] = lambda value: toyaml(plain(value))
        self.filters["tojson"] = lambda value, indent=None: tojson(plain(value), indent)
        self.globals["fail"] = fail

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if _is_too_large(operator, left, right):
            raise TemplateError(f"the result of {operator} is too large", code="MSH114")
        return super().call_binop(context, operator, left, right)


def _is_too_large(operator: str, left: Any, right: Any) -> bool:
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()
        return bits > LARGEST_INTEGER
    sequence, count = (right, left) if isinstance(left, int) else (left, right)
    if not isinstance(sequence, (str, bytes, list, tuple)) or not isinstance(count, int):
        return False
    return len(sequence) * count > LARGEST_TEXT


def plain(value: Any) -> Any:
    """Only what YAML can say: mappings, lists, texts, numbers, booleans and null."""
    if isinstance(value, Undefined):
        str(value)  # raises, and says what is undefined
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else json.dumps(key): plain(child) for key, child in value.items()}
    if isinstance(value, (Sequence, Iterator)):
        return [plain(child) for child in value]
    raise TemplateError(f"a {type(value).__name__} is no value that YAML could hold", code="MSH114")


def fault(error: Exception, variables: Collection[str]) -> MeshctlError:
    """What went wrong in a template, in our words, without a place."""
    if isinstance(error, MeshctlError):
        return error
    if isinstance(error, UndefinedName):
        return _undefined(error, variables)
    if isinstance(error, TemplateSyntaxError):
        return _syntax(error)
    reason = str(error) or type(error).__name__
    if isinstance(error, RecursionError):
        reason = "templates, macros or includes without end"
    return TemplateError(reason, code="MSH101" if isinstance(error, TemplateNotFound) else "MSH114")


def go_action(text: str) -> re.Match[str] | None:
    """The first thing in a text that is rather Go's template syntax than Jinja's."""
    return _GO_ACTION.search(text)


def _syntax(error: TemplateSyntaxError) -> TemplateError:
    if go_action(error.source or ""):
        advice = "templates are Jinja; meshctl migrate translates Go templates"
        return TemplateError("this is Go template syntax", code="MSH103", suggestion=advice)
    return TemplateError(f"not a template: {error.message}", code="MSH101")


def _undefined(error: UndefinedName, variables: Collection[str]) -> TemplateError:
    """`x.y` of an x that is undefined itself complains about x."""
    owner = error.owner
    known = variables if owner is None else map(str, owner) if isinstance(owner, Mapping) else ()
    advice = "define it under vars, or give it a default" if owner is None else "give it a default"
    advice = did_you_mean(error.name, known) or f"{advice}: {{{{ … | default('…') }}}}"
    return TemplateError(f'"{error.name}" is not defined', code="MSH102", suggestion=advice)
