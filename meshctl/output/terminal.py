"""Where output goes, and what may be done there: colour, cursor control, how wide.

`--color` beats NO_COLOR, which beats FORCE_COLOR, which beats what the stream is. A dumb terminal, a pipe and CI never
see cursor control.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TextIO, get_args

ECHO = 2
"""Columns left free where something is drawn over: a terminal echoes `^C` there, and a wrap would shift the drawing."""
Color = Literal["auto", "always", "never"]

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}


@dataclass(frozen=True)
class Terminal:
    """`live` allows cursor control on stdout, `live_errors` on stderr; `interactive` allows to wait for an answer."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    colored: bool = False
    colored_errors: bool = False
    live: bool = False
    live_errors: bool = False
    interactive: bool = False
    quiet: bool = False
    width: int = 80
    height: int = 24

    def result(self, text: str) -> None:
        """A result, on stdout; ends with a newline, whatever the text ends with."""
        if text:
            self.stdout.write(text if text.endswith("\n") else f"{text}\n")

    def notice(self, text: str) -> None:
        """Whatever is no result, on stderr; nothing when quiet."""
        if not self.quiet:
            self.error(text)

    def error(self, text: str) -> None:
        self.stdout.flush()
        self.stderr.write(f"{text}\n")
        self.stderr.flush()

    def agrees(self, question: str) -> bool:
        """Whether the answer is yes. Only to be asked where the terminal is `interactive`."""
        self.stderr.write(f"{question} [y/N] ")
        self.stderr.flush()
        return self.stdin.readline().strip().lower() in ("y", "yes")

    def paint(self, text: str, *styles: str) -> str:
        return paint(text, *styles, colored=self.colored)


def paint(text: str, *styles: str, colored: bool) -> str:
    """The text in the styles' colours; without colour, the text."""
    if not colored or not text or not styles:
        return text
    return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"


def as_color(text: str) -> Color:
    """The word of `--color`; anything else is `auto`."""
    return next((word for word in get_args(Color) if word == text), "auto")


def detect(
    stdin: TextIO, stdout: TextIO, stderr: TextIO, environ: Mapping[str, str], *, color: Color, quiet: bool
) -> Terminal:
    """What the streams and the environment allow."""
    moves = environ.get("TERM") != "dumb" and not environ.get("CI") and not quiet
    width, height = _size(stdout)
    return Terminal(
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        colored=_colored(stdout, environ, color),
        colored_errors=_colored(stderr, environ, color),
        live=moves and stdout.isatty(),
        live_errors=moves and stderr.isatty(),
        interactive=stdin.isatty() and stderr.isatty() and not environ.get("CI"),
        quiet=quiet,
        width=_number(environ, "COLUMNS") or width,
        height=_number(environ, "LINES") or height,
    )


def _colored(stream: TextIO, environ: Mapping[str, str], color: Color) -> bool:
    if color != "auto":
        return color == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"


def _size(stream: TextIO) -> tuple[int, int]:
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return 80, 24
    return size.columns or 80, size.lines or 24


def _number(environ: Mapping[str, str], name: str) -> int:
    value = environ.get(name, "")
    return int(value) if value.isdecimal() else 0
