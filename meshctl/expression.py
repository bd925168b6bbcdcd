"""CEL, the language of Kubernetes' own validation rules: those of CRDs, and what a service may wait for.

The library is Google's own (cel-expr-python, over cel-cpp): its checker finds faults of type, with their places, before
anything is evaluated, and it imports in 5 ms without any other package. cel-python has no checker and imports a parser
generator; common-expression-language finds faults of type only when it evaluates. Nobody pays who writes no `cel=`.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from meshctl.errors import ConfigError

if TYPE_CHECKING:
    from cel_expr_python import cel

_FAULT = re.compile(r"ERROR: [^:]*:(\d+):(\d+): (.*)")
_EXPECTING = re.compile(r" expecting (\{.*\}|'.*'|<EOF>)$")
_CONTAINER = " (in container '')"
_BROKEN_URL = re.compile(r"%(?![0-9A-Fa-f]{2})|[\x00-\x20\x7f]")
_BROKEN_PORT = re.compile(r":[^:\]]*[^0-9:\]][^:\]]*$")
_ADVICE = "like cel=self.status.phase == 'Ready'"


def check(text: str) -> None:
    """Raises ConfigError for what is no CEL, for unknown names and functions, and for what is no yes or no."""
    from cel_expr_python import cel

    kind = _compiled(text).return_type()
    if kind not in (cel.Type.BOOL, cel.Type.DYN):
        raise ConfigError(f"the expression gives {kind.name().lower()}, not true or false: {text}", suggestion=_ADVICE)


def syntax_fault(text: str) -> str:
    """Why a text is no CEL, whatever names and functions it uses; empty if it is."""
    from cel_expr_python import cel

    try:
        cel.NewEnv().compile(text, disable_check=True)
    except RuntimeError as error:
        return _fault(str(error))
    return ""


def holds(text: str, obj: Any) -> bool | str:
    """Whether the expression holds of an object or a value, its `self` and `object`; words where that cannot be told.

    A key that is not there yet is no fault: controllers write a status after a while.
    """
    result = _compiled(text).eval(data={"self": obj, "object": obj})
    value = result.value()
    if isinstance(value, bool):
        return value
    if result.type().name() == "ERROR":
        return _plain(str(value))
    return f"it gives {result.type().name().lower()}, not true or false"  # the value itself may be a Secret's


@lru_cache(maxsize=256)
def _compiled(text: str) -> cel.Expression:
    try:
        return _environment().compile(text)
    except RuntimeError as error:
        raise ConfigError(f"the expression is no CEL: {_fault(str(error))}", suggestion=_ADVICE) from error


@cache
def _environment() -> cel.Env:
    """CEL's strings, and of Kubernetes' libraries of URLs and addresses what the rules of known CRDs call."""
    from cel_expr_python import cel
    from cel_expr_python.ext import ext_strings

    kind = cel.Type
    url = kind.Map(kind.STRING, kind.STRING)
    functions = (
        ("isIP", kind.BOOL, kind.STRING, False, lambda text: ip_version(text) is not None),
        ("isURL", kind.BOOL, kind.STRING, False, _is_url),
        ("url", url, kind.STRING, False, lambda text: {"scheme": urlsplit(text).scheme if _is_url(text) else "none"}),
        ("getScheme", kind.STRING, url, True, lambda parsed: parsed["scheme"]),
    )
    return cel.NewEnv(
        variables={"self": kind.DYN, "object": kind.DYN},
        extensions=[ext_strings.ExtStrings()],
        functions=[
            cel.FunctionDecl(
                name, [cel.Overload(f"of_{name}", returned, [taken], is_member=is_member, impl=implementation)]
            )
            for name, returned, taken, is_member, implementation in functions
        ],
    )


def ip_version(text: str) -> int | None:
    """4 or 6, None for what is no address; one with a zone is none to Kubernetes."""
    try:
        return ip_address(text).version if "%" not in text else None
    except ValueError:
        return None


def _is_url(text: str) -> bool:
    """An absolute URL or path, as Go's ParseRequestURI takes it."""
    if _BROKEN_URL.search(text):
        return False
    try:
        parsed = urlsplit(text)
    except ValueError:
        return False
    if _BROKEN_PORT.search(parsed.netloc.rpartition("@")[2]):
        return False
    return text.startswith("/") or (bool(parsed.scheme) and text[len(parsed.scheme) + 1 :].startswith("/"))


def _fault(said: str) -> str:
    """The first fault that the checker names, and where in the expression."""
    found = _FAULT.search(said)
    if not found:
        return _plain(said.partition("\n")[0])
    line, column, message = found.groups()
    place = f"character {column}" if line == "1" else f"line {line}, character {column}"
    return f"{_EXPECTING.sub('', message).replace(_CONTAINER, '')}, at {place}"


def _plain(said: str) -> str:
    """Without the status codes of the library."""
    return re.sub(r"^[A-Z_]+: ", "", said).replace(" : ", ": ")
