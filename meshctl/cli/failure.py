"""Tells an error: to people on stderr, to programs on stdout, in the form of what they would have got."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

from meshctl.cli.arguments import wish
from meshctl.errors import MeshctlError
from meshctl.output import failures
from meshctl.output.terminal import as_color, detect

if TYPE_CHECKING:
    from meshctl.cli.command import Stream


_ON = ("1", "true", "yes", "on", "t", "y")


def tell(error: MeshctlError, raised: BaseException, arguments: Sequence[str], name: str, stream: Stream) -> None:
    """`name` is the command's. The traceback goes to stderr in any case, and only to whoever asked."""
    if wish(arguments, "--verbose", os.environ).lower() in _ON:
        sys.stderr.write("".join(traceback.format_exception(raised)))
    if wish(arguments, "--output", os.environ) == "json":
        sys.stdout.write(_machine(error, name, stream))
        sys.stdout.flush()
        return
    color = wish(arguments, "--color", os.environ)
    terminal = detect(sys.stdin, sys.stdout, sys.stderr, os.environ, color=as_color(color), quiet=False)
    terminal.error(failures.human(error, colored=terminal.colored_errors))


def _machine(error: MeshctlError, name: str, stream: Stream) -> str:
    """A stream of events begins with a plan in any case: here nothing was planned."""
    from meshctl.output.documents import as_json, as_line

    if stream == "lines":
        return as_line(failures.document(error)) + "\n"
    if stream == "events":
        from meshctl.events import Finished, Planned, record

        first = Planned(action=name, namespace="", context="", services=(), objects=0)
        last = Finished(exit=error.exit_code, seconds=0.0, counts={})
        return "".join(as_line(record(event)) + "\n" for event in (first, *failures.events(error), last))
    return as_json(failures.document(error)) + "\n"
