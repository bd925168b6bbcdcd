"""Finds the command's name among the arguments, and moves the global options before it behind it.

Typer takes a callback's options only before the command's name; kubectl's users write them on either side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from meshctl.cli.catalog import ALIASES, COMMANDS, GROUPS, members
from meshctl.cli.invocation import GLOBAL_OPTIONS, OUTPUT, GlobalOption
from meshctl.errors import UsageError, did_you_mean

HELP = ("-h", "--help")
_BY_FLAG: dict[str, GlobalOption] = {flag: option for option in GLOBAL_OPTIONS for flag in option.flags}


class Request(NamedTuple):
    """`command` is a name of the catalog, the name of a group, or empty; `arguments` are those behind it."""

    command: str
    arguments: list[str]


def understand(arguments: Sequence[str]) -> Request:
    """Raises UsageError for an unknown command, with the nearest one, and for an unknown option before it."""
    if list(arguments[:1]) == ["help"]:
        arguments = [*arguments[1:], "--help"]
    moved: list[str] = []
    name = ""
    position = 0
    while position < len(arguments) and name not in COMMANDS:
        word = arguments[position]
        position += 1
        if word in HELP:
            moved.append("--help")
        elif word == "--version" and not name:
            name = "version"
        elif word.startswith("-"):
            option, position = _read(arguments, position - 1)
            moved += option
        else:
            name = _resolve(name, word)
    return Request(name, [*moved, *arguments[position:]])


def _resolve(group: str, word: str) -> str:
    name = f"{group} {word}" if group else ALIASES.get(word, word)
    if name in COMMANDS or name in GROUPS:
        return name
    known = members(group) if group else {each.split()[0] for each in COMMANDS}
    advice = did_you_mean(word, known) or " ".join(["meshctl", *group.split(), "--help lists them"])
    raise UsageError(f"there is no command {name!r}", suggestion=advice)


def _read(arguments: Sequence[str], position: int) -> tuple[list[str], int]:
    """The global option at `position` in its long form, and the position behind its value."""
    word = arguments[position]
    if word.startswith("--"):
        flag, joined, value = word.partition("=")
        option = _known(flag)
        if joined:
            return _moved(option, value), position + 1
        return _with_value(option, arguments, position + 1)
    return _cluster(arguments, position)


def _cluster(arguments: Sequence[str], position: int) -> tuple[list[str], int]:
    """Short options written together: `-qy`, `-ndev`, `-qn dev`."""
    letters = arguments[position][1:]
    read: list[str] = []
    for index, letter in enumerate(letters):
        option = _known(f"-{letter}")
        rest = letters[index + 1 :]
        if option.metavar and rest:
            return [*read, *_moved(option, rest.removeprefix("="))], position + 1
        if option.metavar:
            last, position = _with_value(option, arguments, position + 1)
            return [*read, *last], position
        read.append(option.long)
    return read, position + 1


def _with_value(option: GlobalOption, arguments: Sequence[str], position: int) -> tuple[list[str], int]:
    if not option.metavar:
        return [option.long], position
    if position >= len(arguments):
        raise UsageError(f"{option.long} needs a value", suggestion=f"{option.long} {option.metavar}")
    return _moved(option, arguments[position]), position + 1


def _moved(option: GlobalOption, value: str) -> list[str]:
    """In the long form, which no letter of a command hides; but `--output` is a folder to some, and -o to none."""
    return [f"-o{value}" if option is OUTPUT and value else f"{option.long}={value}"]


def _known(flag: str) -> GlobalOption:
    if flag in _BY_FLAG:
        return _BY_FLAG[flag]
    raise UsageError(
        f"unknown option {flag} before the command's name",
        suggestion=did_you_mean(flag, _BY_FLAG) or "a command's own options come after its name",
    )


def takes_value(flag: str) -> bool:
    """Whether this is a global option that waits for a value in the next word."""
    return flag in _BY_FLAG and bool(_BY_FLAG[flag].metavar)


def wish(arguments: Sequence[str], long: str, environ: Mapping[str, str]) -> str:
    """What the arguments, or else the environment, say of a global option; a switch that is on says `true`.

    Looked for without parsing: it decides how an error is told, and parsing may be what fails.
    """
    option = _BY_FLAG[long]
    asked = environ.get(option.variable, "")
    for position, word in enumerate(arguments):
        if word == "--":
            break
        said = _said(option, word, arguments[position + 1 : position + 2])
        asked = asked if said is None else said
    return asked


def _said(option: GlobalOption, word: str, following: Sequence[str]) -> str | None:
    """The option's value if the word is the option, or if one of the letters of the word is."""
    if word in option.flags:
        return "".join(following) if option.metavar else "true"
    if word.startswith(f"{option.long}="):
        return word.partition("=")[2]
    if not word.startswith("-") or word.startswith("--"):
        return None
    for position, letter in enumerate(word[1:], 2):
        found = _BY_FLAG.get(f"-{letter}")
        if found is option:
            return word[position:].removeprefix("=") if option.metavar else "true"
        if found is None or found.metavar:
            return None
    return None
