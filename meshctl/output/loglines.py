"""Log lines: with the pod and the container before each, as they are, or as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from meshctl.events import FORMAT_VERSION
from meshctl.output.documents import as_line
from meshctl.output.terminal import Terminal

if TYPE_CHECKING:
    from meshctl.logs import LogLine

Format = Callable[["LogLine"], str]
_COLORS = ("cyan", "green", "yellow", "blue", "magenta", "red")


def formatter(
    form: str,
    terminal: Terminal,
    namespace: str,
    *,
    timestamps: bool = False,
    highlight: Sequence[re.Pattern[str]] = (),
    template: str = "",
) -> Format:
    """The function that makes one line of output of each line of a log."""
    if template:
        return _templated(template, namespace)
    if form == "json":
        return lambda line: as_line({"meshctl": FORMAT_VERSION, **_fields(line, namespace)})
    return _text(terminal, prefixed=form != "raw", timestamps=timestamps, highlight=highlight)


def _fields(line: LogLine, namespace: str) -> dict[str, str]:
    return {
        "time": line.stamp,
        "namespace": namespace,
        "service": line.service,
        "pod": line.pod,
        "container": line.container,
        "message": line.text,
    }


def _templated(template: str, namespace: str) -> Format:
    from meshctl.templating import evaluate

    return lambda line: str(evaluate(template, _fields(line, namespace)))


def _text(terminal: Terminal, *, prefixed: bool, timestamps: bool, highlight: Sequence[re.Pattern[str]]) -> Format:
    from meshctl.logs import colour_index

    def render(line: LogLine) -> str:
        parts = []
        if prefixed:
            color = _COLORS[colour_index(line.pod, len(_COLORS))]
            parts = [terminal.paint(line.pod, color, "bold"), terminal.paint(line.container, color)]
        if timestamps and line.stamp:
            parts.append(line.stamp)
        return " ".join([*parts, _highlighted(line.text, highlight, terminal)])

    return render


def _highlighted(text: str, highlight: Sequence[re.Pattern[str]], terminal: Terminal) -> str:
    if not highlight or not terminal.colored:
        return text
    from meshctl.logs import highlights

    told, position = "", 0
    for start, end in highlights(text, highlight):
        told += text[position:start] + terminal.paint(text[start:end], "red", "bold")
        position = end
    return told + text[position:]
