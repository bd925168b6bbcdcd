"""commands.md, from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from meshctl.cli.catalog import ALIASES, COMMANDS
from meshctl.cli.command import GLOBAL_PANEL, build
from meshctl.cli.invocation import GLOBAL_OPTIONS
from meshctl.cli.program import load

_HEAD = """\
# Commands

<!-- Written by docs/generate.py from the commands themselves: change those. -->

`meshctl [GLOBAL OPTIONS] COMMAND [OPTIONS] [SERVICE...]`, or `kubectl mesh …`. Results go to stdout, everything else to
stderr. `meshctl COMMAND --help` shows the same as this page.
"""


def page() -> str:
    """The whole page, as it should be."""
    return "\n".join(
        [_HEAD, *_contents(), "", *_globals(), *(line for name in COMMANDS for line in _command(name)), ""]
    )


def _contents() -> Iterable[str]:
    section = ""
    for name, entry in COMMANDS.items():
        if entry.section != section:
            section = entry.section
            yield from ("", f"**{section}**", "")
        yield f"- [`{name}`](#{name.replace(' ', '-')}): {entry.help[0].lower()}{entry.help[1:]}"


def _globals() -> Iterable[str]:
    yield from ("## Global options", "", "Accepted before and after the command's name. Each is also an environment")
    yield from ("variable; what is typed wins.", "", "| option | variable | |", "| --- | --- | --- |")
    for option in GLOBAL_OPTIONS:
        flags = ", ".join(option.flags) + (f" {option.metavar}" if option.metavar else "")
        yield f"| `{flags}` | `{option.variable}` | {option.help} |"
    yield from ("", "After `logs`, `-f` is `--follow` and `-e` is `--exclude`.")


def _command(name: str) -> Iterable[str]:
    built = build(name, load(name), "meshctl")
    with built.make_context(f"meshctl {name}", [], resilient_parsing=True) as context:
        usage = " ".join(built.collect_usage_pieces(context))
        rows = [(*_record(parameter, context),) for parameter in built.params if _is_own(parameter)]
    yield from ("", f"## {name}", "", f"`meshctl {name} {usage}`", "", inspect.cleandoc(built.help or ""))
    words = sorted(alias for alias, target in ALIASES.items() if target == name)
    if words:
        yield from ("", f"Also understood: {', '.join(f'`{word}`' for word in words)}.")
    if rows:
        yield from ("", "| | |", "| --- | --- |", *(f"| `{flags}` | {_escaped(told)} |" for flags, told in rows))
    yield from ("", "```console", *(f"$ {line}" for line in built.examples.splitlines()), "```")


def _is_own(parameter: Any) -> bool:
    return getattr(parameter, "rich_help_panel", None) != GLOBAL_PANEL


def _record(parameter: Any, context: Any) -> tuple[str, str]:
    flags, told = parameter.get_help_record(context)
    return flags, told


def _escaped(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
