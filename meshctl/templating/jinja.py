"""The dialect: Jinja, sandboxed and immutable; an undefined name is an error, nothing is escaped for HTML."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial, wraps
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.environment import TemplateModule
from jinja2.exceptions import TemplateNotFound, TemplateRuntimeError, TemplateSyntaxError, UndefinedError
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from jinja2.utils import missing

from meshctl.errors import MeshctlError, TemplateError, did_you_mean
from meshctl.templating import budget, counting
from meshctl.templating.filters import FILTERS, fail, tojson, toyaml
from meshctl.templating.limits import (
    check_filter,
    check_format,
    check_operator,
    check_text,
    check_value,
    counted,
    method_arguments,
)

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


class NoArgument(TypeError):
    """A macro was given an argument that it does not have; `known` are those that it has."""

    def __init__(self, name: str, macro: Macro) -> None:
        super().__init__(f"the macro {macro.name} has no argument {name}")
        self.name = name
        self.known = macro.arguments


class Dialect(ImmutableSandboxedEnvironment):
    """Whatever could fill the memory or go on for ever is looked at first, and counted."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, **options: Any) -> None:
        # Evaluating constants while compiling saves nothing, and a fault in one would have no line.
        super().__init__(undefined=Undefined, autoescape=False, finalize=_printed, optimized=False, **options)
        self.filters.update(FILTERS)
        self.filters["toyaml"] = lambda value: toyaml(plain(value))
        self.filters["tojson"] = lambda value, indent=None: tojson(plain(value), indent)
        self.filters = {name: _limited(name, function) for name, function in self.filters.items()} | counting.FILTERS
        self.globals["fail"] = fail
        del self.globals["lipsum"]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = counting.counted(super()._parse(source, name, filename))
        tree.set_environment(self)
        return tree

    @staticmethod
    def concat(pieces: Iterable[str]) -> str:
        """Of the output of a macro, a block or a template."""
        found = list(pieces)
        size = sum(map(len, found))
        check_text(size, "this output")
        budget.made(size)
        return "".join(found)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        check_operator(operator, left, right)
        result = super().call_binop(context, operator, left, right)
        budget.made(check_value(result))
        return result

    def call(self, context: Context, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        budget.step()
        check_value(args)
        check_value(kwargs)
        args = method_arguments(function, args)
        if isinstance(function, Macro):
            _check_arguments(function, kwargs)
        result = super().call(context, function, *args, **kwargs)
        budget.made(check_value(result))
        return result

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Also without methods of which nobody can tell what they make."""
        return attr not in _UNTOLD and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        wrapped = super().wrap_str_format(value)
        if wrapped is not None:
            check_format(value.__self__)
        return wrapped


def _check_arguments(macro: Macro, given: Iterable[str]) -> None:
    if not macro.catch_kwargs:
        for name in given:
            if name not in macro.arguments and name not in _OF_JINJA:
                raise NoArgument(name, macro)


_OF_JINJA = frozenset({"caller", "_loop_vars", "_block_vars"})  # arguments that nobody has typed
_UNTOLD = frozenset({"expandtabs", "from_bytes", "maketrans", "to_bytes", "translate"})


def _printed(value: Any) -> Any:
    """What `{{ }}` writes, which is what YAML reads back: `true`, `null`, `["a"]`, where Python has words of its own. A
    text is not looked at, the output is. Nothing in a list or a mapping may be undefined."""
    if value is None or isinstance(value, (bool, list, tuple, dict)):
        check_value(value)
        return tojson(plain(value))
    return value


def _limited(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that is refused what it would make too much of."""
    skipped = 1 if hasattr(function, "jinja_pass_arg") else 0

    @wraps(function)
    def limited(*arguments: Any, **options: Any) -> Any:
        given = [counted(each) for each in arguments[skipped:]]
        if given:
            check_value(given)
            check_filter(name, given[0], tuple(given[1:]), options)
        result = function(*arguments[:skipped], *given, **options)
        budget.made(check_value(result))
        return result

    return limited


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
    advice = did_you_mean(error.name, error.known) if isinstance(error, NoArgument) else ""
    if isinstance(error, TemplateRuntimeError):
        reason, advice = _complaint(reason)  # of a branch, Jinja finds out only when it is run
    return TemplateError(reason, code="MSH101" if isinstance(error, TemplateNotFound) else "MSH114", suggestion=advice)


def go_action(text: str) -> re.Match[str] | None:
    """The first thing in a text that is rather Go's template syntax than Jinja's."""
    return _GO_ACTION.search(text)


def _syntax(error: TemplateSyntaxError) -> TemplateError:
    if go_action(error.source or ""):
        advice = "templates are Jinja; meshctl migrate translates Go templates"
        return TemplateError("this is Go template syntax", code="MSH103", suggestion=advice)
    message, advice = _complaint(error.message or "")
    return TemplateError(f"not a template: {message}", code="MSH101", suggestion=advice)


def _complaint(message: str) -> tuple[str, str]:
    """Jinja's, in our words, and what to do."""
    expected = re.findall(r"'(\w+)'", message.partition(" looking for ")[2].partition(".")[0])
    if block := re.match(r"Unexpected end of template.* closed is '(\w+)'", message):
        return f"the {block[1]} block is not closed", f"{{% end{block[1]} %}} is missing"
    if tag := re.match(r"Encountered unknown tag '(\w+)'", message):
        wanted = f"here it could be {' or '.join(expected)}" if expected else ""
        return f"there is no tag {tag[1]} here", did_you_mean(tag[1], expected or _TAGS) or wanted
    if lookup := re.match(r"No (filter|test) named '([^']+)'", message):
        return f"there is no {lookup[1]} {lookup[2]}", did_you_mean(lookup[2], _KNOWN[lookup[1]])
    for theirs, ours in (("'end of print statement'", "}}"), ("'end of statement block'", "%}")):
        message = message.replace(theirs, ours)
    return message[:1].lower() + message[1:].rstrip("."), ""


_TAGS = ("if", "for", "set", "macro", "call", "filter", "import", "from", "include", "block", "extends", "raw", "with")
_KNOWN = {"filter": {**JINJA_FILTERS, **FILTERS, **counting.FILTERS}, "test": TESTS}


def _undefined(error: UndefinedName, variables: Collection[str]) -> TemplateError:
    """`x.y` of an x that is undefined itself complains about x."""
    owner = error.owner
    if isinstance(owner, TemplateModule):
        return _no_macro(error.name, sorted(name for name in vars(owner) if not name.startswith("_")))
    known = variables if owner is None else map(str, owner) if isinstance(owner, Mapping) else ()
    advice = "define it under vars, or give it a default" if owner is None else "give it a default"
    advice = did_you_mean(error.name, known) or f"{advice}: {{{{ … | default('…') }}}}"
    return TemplateError(f'"{error.name}" is not defined', code="MSH102", suggestion=advice)


def _no_macro(name: str, known: Sequence[str]) -> TemplateError:
    advice = did_you_mean(name, known) or f"it has {', '.join(known)}"
    return TemplateError(f'"{name}" is not in the template that is imported', code="MSH102", suggestion=advice)
