"""The help of the whole program, and of a group of commands: from the catalog alone, without building any."""

from __future__ import annotations

from collections.abc import Iterable

from meshctl.cli.catalog import COMMANDS, GROUPS, members
from meshctl.cli.invocation import GLOBAL_OPTIONS


def overview(group: str, program: str) -> str:
    return "\n".join(_group(group, program) if group else _program(program)) + "\n"


def _program(program: str) -> Iterable[str]:
    yield f"{program} runs many services, with Istio, in a Kubernetes namespace of your own."
    yield ""
    yield f"Usage: {program} [OPTIONS] COMMAND [ARGS]..."
    section = ""
    for name, help_text in listed():
        first = COMMANDS.get(name) or next(iter(members(name).values()))
        if first.section != section:
            section = first.section
            yield from ("", f"{section}:")
        yield f"  {name:<14}{help_text}"
    yield from ("", "Global options (before or after the command's name; also MESHCTL_LONG_NAME):")
    yield from _options()
    yield from ("", f'"{program} COMMAND --help" shows a command\'s options and examples.')


def listed() -> Iterable[tuple[str, str]]:
    """Commands and groups in the catalog's order, a group once."""
    seen = set()
    for name, entry in COMMANDS.items():
        word = name.split()[0]
        if word not in seen:
            seen.add(word)
            yield word, GROUPS.get(word, entry.help)


def _options() -> Iterable[str]:
    for option in GLOBAL_OPTIONS:
        flags = ", ".join(option.flags) + (f" {option.metavar}" if option.metavar else "")
        yield f"  {flags:<25}{option.help}"


def _group(group: str, program: str) -> Iterable[str]:
    yield f"{GROUPS[group]}."
    yield ""
    yield f"Usage: {program} {group} COMMAND [ARGS]..."
    yield ""
    yield "Commands:"
    for name, entry in members(group).items():
        yield f"  {name:<14}{entry.help}"
    yield ""
    yield f'"{program} {group} COMMAND --help" shows a command\'s options and examples.'
