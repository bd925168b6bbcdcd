#!/usr/bin/env python3
"""Takes the picture of README.md: runs commands in a terminal of its own, and draws what stands there in the end.

python docs/picture.py docs/terminal.svg 'meshctl start -g trade' 'meshctl status -g trade'
"""

from __future__ import annotations

import os
import pty
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pyte
from rich.console import Console
from rich.text import Text

COLUMNS, LINES = 104, 60


def main(arguments: Sequence[str]) -> int:
    if len(arguments) < 2:
        sys.exit(__doc__)
    picture, *commands = arguments
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    for command in commands:
        stream.feed(f"$ {command}\r\n".encode())
        stream.feed(output_of(command))
    Path(picture).write_text(drawing(screen), encoding="utf-8")
    return 0


def output_of(command: str) -> bytes:
    """What it writes on a terminal of that size."""
    child, terminal = pty.fork()
    if child == 0:
        environ = {**os.environ, "COLUMNS": str(COLUMNS), "LINES": str(LINES), "TERM": "xterm-256color"}
        environ.pop("CI", None)
        os.execvpe("/bin/sh", ["sh", "-c", command], environ)  # noqa: S606 - commands of whoever takes the picture
    written = b""
    try:
        while piece := os.read(terminal, 65536):
            written += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.waitpid(child, 0)
    return written


def drawing(screen: pyte.Screen) -> str:
    rows = [_row(screen, number) for number in range(screen.lines)]
    while rows and not rows[-1].plain.strip():
        rows.pop()
    console = Console(record=True, file=StringIO(), width=COLUMNS, force_terminal=True)
    console.print(Text("\n").join(rows))
    return console.export_svg(title="meshctl")


def _row(screen: pyte.Screen, number: int) -> Text:
    line = Text(no_wrap=True)
    for column in range(screen.columns):
        character = screen.buffer[number][column]
        color = "default" if character.fg == "default" else character.fg.replace("brown", "yellow")
        line.append(character.data, style=f"{'bold ' if character.bold else ''}{color}")
    line.rstrip()
    return line


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
