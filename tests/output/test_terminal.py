"""Colour and cursor control: what allows them and what forbids them."""

from __future__ import annotations

import io

import pytest

from meshctl.output.terminal import Color, detect


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "color", "screen", "colored"),
    [
        ({}, "auto", True, True),
        ({}, "auto", False, False),
        ({}, "always", False, True),
        ({}, "never", True, False),
        ({"NO_COLOR": "1"}, "auto", True, False),
        ({"NO_COLOR": ""}, "auto", True, True),
        ({"FORCE_COLOR": "1"}, "auto", False, True),
        ({"FORCE_COLOR": ""}, "auto", False, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, "auto", True, False),
        ({"NO_COLOR": "1"}, "always", False, True),
        ({"FORCE_COLOR": "1"}, "never", True, False),
        ({"TERM": "dumb"}, "auto", True, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, "auto", True, True),
        ({"CI": "true"}, "auto", True, True),
    ],
)
def test_colour(environ: dict[str, str], color: Color, screen: bool, colored: bool) -> None:
    stream = Screen() if screen else io.StringIO()
    found = detect(io.StringIO(), stream, stream, environ, color=color, quiet=False)
    assert (found.colored, found.colored_errors) == (colored, colored)
    assert ("\x1b[31mx\x1b[0m" if colored else "x") == found.paint("x", "red")


@pytest.mark.parametrize(
    ("environ", "out", "quiet", "live"),
    [
        ({}, Screen(), False, True),
        ({}, io.StringIO(), False, False),
        ({"TERM": "dumb"}, Screen(), False, False),
        ({"CI": "1"}, Screen(), False, False),
        ({"CI": ""}, Screen(), False, True),
        ({"NO_COLOR": "1"}, Screen(), False, True),
        ({}, Screen(), True, False),
    ],
)
def test_cursor_control(environ: dict[str, str], out: io.StringIO, quiet: bool, live: bool) -> None:
    assert detect(io.StringIO(), out, io.StringIO(), environ, color="auto", quiet=quiet).live is live


def test_nothing_is_asked_without_a_terminal_or_in_ci() -> None:
    screen, pipe = Screen(), io.StringIO()
    assert detect(screen, pipe, screen, {}, color="auto", quiet=False).interactive
    assert not detect(pipe, screen, screen, {}, color="auto", quiet=False).interactive
    assert not detect(screen, screen, pipe, {}, color="auto", quiet=False).interactive
    assert not detect(screen, screen, screen, {"CI": "1"}, color="auto", quiet=False).interactive


@pytest.mark.parametrize(
    ("answer", "agrees"), [("y\n", True), ("Yes\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_only_yes_is_yes(answer: str, agrees: bool) -> None:
    asked = io.StringIO()
    terminal = detect(io.StringIO(answer), io.StringIO(), asked, {}, color="auto", quiet=False)
    assert terminal.agrees("Stop web?") is agrees
    assert asked.getvalue() == "Stop web? [y/N] "


def test_quiet_keeps_notices_back_but_no_errors() -> None:
    told = io.StringIO()
    terminal = detect(io.StringIO(), io.StringIO(), told, {}, color="auto", quiet=True)
    terminal.notice("by the way")
    terminal.error("it broke")
    assert told.getvalue() == "it broke\n"
