"""One call of meshctl: find the command, build it and no other, run it, and end with its exit code.

The one place that catches errors. Nothing below it exits, prints an error or hides one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

from meshctl.cli import signals
from meshctl.cli.arguments import Request, understand
from meshctl.cli.catalog import COMMANDS
from meshctl.errors import MeshctlError, UsageError, did_you_mean

if TYPE_CHECKING:
    from typer.core import TyperCommand

    from meshctl.cli.command import Command


def main() -> int:
    """The entry point of `meshctl` and of `kubectl mesh`; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        _never_fail_to_write(stream)
    signals.terminate_as_interrupt()
    program = "kubectl mesh" if os.path.basename(sys.argv[0]).startswith("kubectl-mesh") else "meshctl"  # noqa: PTH119
    arguments = sys.argv[1:]
    if arguments[:1] == ["__complete"]:
        from meshctl.cli.completion import answer

        return answer(arguments[1:])
    return run(arguments, program)


def _never_fail_to_write(stream: TextIO) -> None:
    """A terminal that cannot show a letter shows its number."""
    reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="backslashreplace")


def run(arguments: Sequence[str], program: str = "meshctl") -> int:
    """Runs the command that the arguments name. Whatever goes wrong is told once, here."""
    name = ""
    command: Command | None = None
    try:
        request = understand(arguments)
        name = request.command
        if request.command not in COMMANDS:
            return _overview(request, program)
        command = load(request.command)
        code = _execute(request, command, program)
        sys.stdout.flush()
    except BrokenPipeError:
        return signals.die_of_broken_pipe()
    except KeyboardInterrupt as error:
        return _tell(signals.interruption_of(error), error, arguments, name, command)
    except MeshctlError as error:
        return _tell(error, error, arguments, name, command)
    except Exception as error:  # noqa: BLE001 - the last net: no traceback reaches a user who did not ask
        return _tell(_internal(error), error, arguments, name, command)
    else:
        return code


def load(name: str) -> Command:
    """The command of a name of the catalog; imports its module and no other command's."""
    command: Command = import_module(f"meshctl.cli.commands.{COMMANDS[name].module}").command
    return command


def _overview(request: Request, program: str) -> int:
    """The help of the whole program, or of a group of commands."""
    from meshctl.cli.overview import overview

    others = [argument for argument in request.arguments if not argument.startswith("-")]
    if others or (request.command == "" and request.arguments and "--help" not in request.arguments):
        raise UsageError("no command is named", suggestion=f"{program} --help lists them")
    sys.stdout.write(overview(request.command, program))
    return 0


def _execute(request: Request, command: Command, program: str) -> int:
    import typer

    from meshctl.cli.command import build

    built = build(request.command, command, program)
    try:
        with built.make_context(f"{program} {request.command}", request.arguments) as context:
            return int(built.invoke(context) or 0)
    except typer.Exit as ended:
        return ended.exit_code
    except typer.TyperException as error:
        raise _usage(error, built, f"{program} {request.command}") from error


def _usage(error: Any, built: TyperCommand, name: str) -> UsageError:
    """Typer's complaint about the arguments in our words, with the nearest option."""
    text = error.format_message().rstrip(".")
    text = text[:1].lower() + text[1:]
    asked = f"{name} --help shows its options"
    typo = getattr(error, "option_name", "")
    if typo and type(error).__name__ == "NoSuchOption":
        known = [flag for parameter in built.params for flag in (*parameter.opts, *parameter.secondary_opts)]
        return UsageError(f"{name} has no option {typo}", suggestion=did_you_mean(typo, known) or asked)
    return UsageError(text, suggestion=asked)


def _internal(error: Exception) -> MeshctlError:
    told = f"{type(error).__name__}: {error}".strip().removesuffix(":").splitlines()[0]
    return MeshctlError(
        f"internal error: {told}", code="Internal", suggestion="please report it; -v shows the traceback"
    )


def _tell(
    error: MeshctlError, raised: BaseException, arguments: Sequence[str], name: str, command: Command | None
) -> int:
    """Prints the error in the form that was asked for, and gives the exit code."""
    from meshctl.cli import failure

    with suppress(BrokenPipeError):
        failure.tell(error, raised, arguments, name, command.stream if command else "")
    return command.failure if command and error.exit_code == 1 else error.exit_code
