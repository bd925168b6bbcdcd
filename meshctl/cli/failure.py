"""Tells an error: to people on stderr, to programs on stdout, in the form of what they would have got."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

from meshctl.errors import MeshctlError
from meshctl.output import failures
from meshctl.output.terminal import detect

if TYPE_CHECKING:
    from meshctl.cli.command import Stream


def tell(error: MeshctlError, raised: BaseException, *, json: bool, stream: Stream, verbose: bool) -> None:
    """The traceback goes to stderr in any case, and only to whoever asked."""
    if verbose:
        sys.stderr.write("".join(traceback.format_exception(raised)))
    if not json:
        terminal = detect(sys.stdin, sys.stdout, sys.stderr, os.environ, color="auto", quiet=False)
        terminal.error(failures.human(error, colored=terminal.colored_errors))
        return
    sys.stdout.write(_machine(error, stream))
    sys.stdout.flush()


def _machine(error: MeshctlError, stream: Stream) -> str:
    from meshctl.output.documents import as_json, as_line

    if stream == "lines":
        return as_line(failures.document(error)) + "\n"
    if stream == "events":
        from meshctl.events import Finished, record

        last = Finished(exit=error.exit_code, seconds=0.0, counts={})
        return "".join(as_line(record(event)) + "\n" for event in (*failures.events(error), last))
    return as_json(failures.document(error)) + "\n"


def is_verbose(arguments: Sequence[str]) -> bool:
    """Known before the arguments are parsed, as parsing may be what fails."""
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    short = (word[1:] for word in before if word.startswith("-") and not word.startswith("--"))
    return (
        "--verbose" in before
        or any(word.isalpha() and word in ("v", "qv", "vy", "yv") for word in short)
        or os.environ.get("MESHCTL_VERBOSE", "").lower() in ("1", "true", "yes", "on", "t", "y")
    )
