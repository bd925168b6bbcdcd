"""What a shell shows at a Tab: the answers that the scripts of `meshctl completion` ask for.

All of them, and `kubectl mesh` through `kubectl_complete-mesh`, call `meshctl __complete WORD… INCOMPLETE` and get a
candidate a line, a tab and its help behind it, and a last line `:4`, or `:0` where the shell's own file names fit. That
is the protocol of kubectl's plugins.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, suppress
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple

from meshctl.cli.arguments import takes_value, understand
from meshctl.cli.catalog import COMMANDS, members
from meshctl.cli.overview import listed

if TYPE_CHECKING:
    from typer.core import TyperCommand

FILES = 0
NO_FILES = 4
_ANY_COMMAND = "version"
"""Before the command's name there are the global options, and every command has them."""


class Candidate(NamedTuple):
    value: str
    help: str = ""


class Answer(NamedTuple):
    candidates: list[Candidate]
    directive: int = NO_FILES


def answer(words: Sequence[str]) -> int:
    """Prints the answer to one Tab. Whatever fails is silent: a shell has no place for an error."""
    found = Answer([], FILES)
    with suppress(Exception), redirect_stderr(StringIO()):
        found = complete(words[:-1], words[-1].removeprefix('""') if words else "")
    for candidate in found.candidates:
        sys.stdout.write(f"{candidate.value}\t{candidate.help}".rstrip() + "\n")
    sys.stdout.write(f":{found.directive}\n")
    sys.stdout.flush()
    return 0


def answer_kubectl() -> int:
    """The entry point `kubectl_complete-mesh`, which kubectl asks at `kubectl mesh …<Tab>`."""
    return answer(sys.argv[1:])


def complete(words: Sequence[str], incomplete: str) -> Answer:
    """What may follow `words`, beginning with `incomplete`."""
    if words and takes_value(words[-1]):
        *words, pending = words
    else:
        pending = ""
    request = understand(words)
    if request.command in COMMANDS:
        return _of_command(request.command, [*request.arguments, *([pending] if pending else [])], incomplete)
    if pending or incomplete.startswith("-"):
        return _of_command(_ANY_COMMAND, [pending] if pending else [], incomplete)
    known = {name: entry.help for name, entry in members(request.command).items()} if request.command else listed()
    return Answer([Candidate(*each) for each in dict(known).items() if each[0].startswith(incomplete)])


def _of_command(name: str, arguments: list[str], incomplete: str) -> Answer:
    from meshctl.cli.command import build
    from meshctl.cli.program import load

    built = build(name, load(name), "meshctl")
    valued = {flag: each for each in built.params for flag in each.opts if not getattr(each, "is_flag", False)}
    flag, equals, typed = incomplete.partition("=")
    pending = valued.get(arguments[-1]) if arguments and "--" not in arguments else None
    if pending:
        return _of_parameter(built, pending, arguments[:-1], incomplete)
    if equals and flag in valued:
        return _of_parameter(built, valued[flag], arguments, typed, prefix=f"{flag}=")
    if incomplete.startswith("-") and "--" not in arguments:
        return _options(built, incomplete)
    with built.make_context(name, list(arguments), resilient_parsing=True) as context:
        for parameter in built.params:
            if parameter.param_type_name == "argument" and (
                parameter.nargs != 1 or not context.params[str(parameter.name)]
            ):
                return _of_parameter(built, parameter, arguments, incomplete)
    return Answer([])


def _options(built: TyperCommand, incomplete: str) -> Answer:
    """Long names alone, unless a short one is being typed: a Tab is no place to learn letters."""
    flags = [(flag, parameter) for parameter in built.params for flag in (*parameter.opts, *parameter.secondary_opts)]
    return Answer(
        [
            Candidate(flag, getattr(parameter, "help", "") or "")
            for flag, parameter in flags
            if flag.startswith(incomplete) and (flag.startswith("--") or incomplete == flag)
        ]
    )


def _of_parameter(built: TyperCommand, parameter: Any, arguments: list[str], typed: str, *, prefix: str = "") -> Answer:
    """The values of one option or argument; paths are the shell's own business."""
    if parameter.type.name in ("path", "file", "directory"):
        return Answer([], FILES)
    with built.make_context(built.name, list(arguments), resilient_parsing=True) as context:
        items = parameter.shell_complete(context, typed)
    return Answer([Candidate(prefix + item.value, item.help or "") for item in items])
