"""Errors as people and as programs read them: what, where, why, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from meshctl.errors import Caution, MeshctlError, Problems
from meshctl.events import FORMAT_VERSION, ErrorRaised
from meshctl.output.terminal import paint


def each(error: MeshctlError) -> tuple[MeshctlError, ...]:
    """The errors inside Problems, or the one."""
    return error.errors if isinstance(error, Problems) else (error,)


def human(error: MeshctlError, *, colored: bool) -> str:
    """`file:line:column: error: message`, which editors follow, and the suggestion below it; warnings first."""
    found = each(error)
    lines = [caution(warning, colored=colored) for warning in error.cautions]
    lines += [line for one in found for line in _lines(one, colored=colored)]
    if len(found) > 1:
        lines.append(f"{len(found)} errors")
    return "\n".join(lines)


def _lines(error: MeshctlError, *, colored: bool) -> Iterable[str]:
    place = paint(f"{error.where}: ", "bold", colored=colored) if error.where else ""
    code = paint(f" [{error.code}]", "dim", colored=colored) if error.code.startswith("MSH") else ""
    yield f"{place}{paint('error:', 'red', 'bold', colored=colored)} {error.message}{code}"
    if error.suggestion:
        yield f"  {paint('hint:', 'cyan', colored=colored)} {error.suggestion}"


def document(error: MeshctlError) -> dict[str, Any]:
    """The versioned form of machine output."""
    return {"meshctl": FORMAT_VERSION, "errors": [body(one) for one in each(error)]}


def body(error: MeshctlError) -> dict[str, Any]:
    """The fields of one error; what is unknown of its place is empty or 0."""
    file, line, column = error.where or ("", 0, 0)
    return {
        "code": error.code,
        "message": error.message,
        "file": file,
        "line": line,
        "column": column,
        "suggestion": error.suggestion,
    }


def events(error: MeshctlError) -> Iterable[ErrorRaised]:
    """The errors as lines of an event stream."""
    return [ErrorRaised(**body(one)) for one in each(error)]


def caution(warning: Caution, *, colored: bool) -> str:
    """A warning in the manner of an error."""
    place = f"{warning.where}: " if warning.where else ""
    code = paint(f" [{warning.code}]", "dim", colored=colored) if warning.code else ""
    advice = f"\n  {paint('hint:', 'cyan', colored=colored)} {warning.suggestion}" if warning.suggestion else ""
    return f"{place}{paint('warning:', 'yellow', 'bold', colored=colored)} {warning.message}{code}{advice}"
