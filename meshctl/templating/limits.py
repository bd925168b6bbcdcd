"""How large a value of a template may become, asked before it is made: afterwards the memory is full.

An API server takes objects of 3 MB, so there is no use for anything larger. One table has the filters and methods whose
result is larger than what they are given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import islice
from typing import Any

from meshctl.errors import TemplateError

LARGEST_TEXT = 32 * 1024 * 1024  # characters of one rendered template
LARGEST_VALUE = 4 * 1024 * 1024  # characters of one text on the way there
MOST_VALUES = 100_000  # in one list or mapping, all that is inside counted
LARGEST_INTEGER = 65536  # bits
LONGEST_FOR_SLOW = 2**18  # characters for a filter that looks at each in Python

_SLOW = ("pprint", "striptags", "title", "truncate", "urlize", "wordcount", "wordwrap")
_WIDTH = re.compile(r"\d+|\*")


def too_large(what: str) -> TemplateError:
    return TemplateError(
        f"{what} is too large", code="MSH114", suggestion="is there a number too high, or a loop too many?"
    )


def check_text(size: int, what: str = "a text") -> None:
    """Raises TemplateError for more characters than a value may have."""
    if size > LARGEST_VALUE:
        raise too_large(what)


def check_value(value: Any) -> int:
    """The size of a value in characters and members. Raises TemplateError for one that is too large, written out: a
    list that holds another one twice has all of it twice."""
    if isinstance(value, (str, bytes)):
        check_text(len(value))
        return len(value)
    if not isinstance(value, (list, tuple, dict)):
        return 0
    members = characters = 0
    pending: list[Any] = [value]
    while pending:
        each = pending.pop()
        members += 1
        if isinstance(each, str):
            characters += len(each)
        elif isinstance(each, dict):
            pending += each.values()
        elif isinstance(each, (list, tuple)):
            pending += each
        if members + len(pending) > MOST_VALUES or characters > LARGEST_TEXT:
            raise too_large("a list or mapping")
    return members + characters


def check_operator(operator: str, left: Any, right: Any) -> None:
    """Raises TemplateError before an operator fills the memory."""
    if isinstance(left, int) and isinstance(right, int):
        if operator in ("*", "**") and _bits(operator, left, right) > LARGEST_INTEGER:
            raise too_large(f"the result of {operator}")
    elif operator == "%" and isinstance(left, (str, bytes)):
        _check_format(str(left))
    elif operator == "*":
        sequence, count = (right, left) if isinstance(left, int) else (left, right)
        if isinstance(count, int):
            _check_repeated(sequence, count)


def _bits(operator: str, left: int, right: int) -> int:
    return left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()


def _check_repeated(sequence: Any, count: int) -> None:
    if isinstance(sequence, (str, bytes)):
        check_text(len(sequence) * count, "the result of *")
    elif isinstance(sequence, (list, tuple)) and len(sequence) * count > MOST_VALUES:
        raise too_large("the result of *")


def check_filter(name: str, value: Any, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> None:
    """Raises TemplateError before a filter fills the memory or takes for ever."""
    if name in _SLOW and isinstance(value, str) and len(value) > LONGEST_FOR_SLOW:
        raise too_large(f"the text for {name}")
    _check_numbers(name, (*arguments, *options.values()))
    if check := _GROWING.get(name):
        check(value, *arguments, **options)


def method_arguments(method: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of what is called, counted. Raises TemplateError for a method of a text that would do the same."""
    owner, name = getattr(method, "__self__", None), getattr(method, "__name__", "")
    if not isinstance(owner, (str, bytes)):
        return arguments
    arguments = tuple(map(counted, arguments))
    _check_numbers(name, arguments)
    if name in ("replace", "join"):
        _GROWING[f"str.{name}"](owner, *arguments)
    return arguments


def check_format(template: str) -> None:
    """Raises TemplateError for a `str.format` that pads, or takes its width from a value."""
    specs = re.findall(r"\{[^{}:]*:([^}]*)", template)
    if any("{" in spec for spec in specs):
        raise too_large("the width of a format that comes from a value")
    _check_widths(specs)


def _check_numbers(name: str, arguments: Iterable[Any]) -> None:
    if any(isinstance(argument, int) and abs(argument) > MOST_VALUES for argument in arguments) and name in _COUNTED:
        raise too_large(f"the number for {name}")


def _check_format(template: str) -> None:
    _check_widths(re.findall(r"%(?:\([^)]*\))?([^a-zA-Z%]*)", template))


def _check_widths(specs: Iterable[str]) -> None:
    for width in (width for spec in specs for width in _WIDTH.findall(spec)):
        if width == "*" or len(width) > 6 or int(width) > MOST_VALUES:
            raise too_large("the width of a format")


def _check_replace(text: Any, old: Any, new: Any, count: int | None = None) -> None:
    text, old, new = str(text), str(old), str(new)
    found = text.count(old) if count is None or count < 0 else min(text.count(old), count)
    check_text(len(text) + found * max(len(new) - len(old), 0), "the result of replace")


def _check_join(items: Any, separator: Any = "", attribute: Any = None) -> None:  # noqa: ARG001 - as Jinja's
    if isinstance(items, (list, tuple, dict, str)):
        texts = sum(len(item) for item in items if isinstance(item, str))
        check_text(texts + len(str(separator)) * len(items), "the result of join")


def _check_indent(text: Any, width: Any = 4, first: bool = False, blank: bool = False) -> None:  # noqa: ARG001 - as Jinja's
    lines = str(text).count("\n") + 2
    check_text(len(str(text)) + lines * (width if isinstance(width, int) else len(str(width))), "the result of indent")


def _check_wordwrap(text: Any, width: int = 79, _breaks: bool = True, wrapstring: Any = None, **_: Any) -> None:
    check_text(
        len(str(text)) + len(str(wrapstring or "\n")) * (len(str(text)) // max(width, 1) + 1), "the result of wordwrap"
    )


def _check_sum(items: Any, attribute: Any = None, start: Any = 0) -> None:  # noqa: ARG001 - as Jinja's
    if not isinstance(start, (int, float)):
        raise TemplateError("sum adds up numbers", code="MSH114", suggestion="lists are joined by +")


_COUNTED = ("batch", "center", "indent", "ljust", "nindent", "rjust", "slice", "tojson", "wordwrap", "zfill")
_GROWING: Mapping[str, Callable[..., None]] = {
    "format": lambda template, *_, **__: _check_format(str(template)),
    "indent": _check_indent,
    "join": _check_join,
    "nindent": _check_indent,
    "replace": _check_replace,
    "str.join": lambda separator, items: _check_join(items, separator),
    "str.replace": _check_replace,
    "sum": _check_sum,
    "wordwrap": _check_wordwrap,
}


def counted(value: Any) -> Any:
    """The value, as a list where nobody could tell how many items it has. Raises TemplateError for too many."""
    if not isinstance(value, (Iterator, range, KeysView, ValuesView, ItemsView)):
        return value
    found = list(islice(value, MOST_VALUES + 1))
    if len(found) > MOST_VALUES:
        raise too_large("a list")
    return found
