"""The parameters that many commands share, declared once and added to the signature that Typer reads.

A command's function never sees them: it gets an Invocation, and a Selection where it has services to select.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from meshctl.cli import completers
from meshctl.cli.command import GLOBAL_PANEL, Command, Selects
from meshctl.cli.invocation import GLOBAL_OPTIONS, OUTPUT, GlobalOption
from meshctl.cli.values import invocation_of

if TYPE_CHECKING:
    from meshctl.plan import Selection

_NOT_TYPERS = {"Invocation": None, "Selection": None}
"""Types of parameters that Typer never sees, and that no command has to import for it."""
_SERVICES = typer.Argument(
    metavar="SERVICE...",
    help="Services, or globs of them; default: what the config enables",
    show_default=False,
    autocompletion=completers.services,
)
_GROUP = typer.Option(
    "-g", "--group", metavar="GROUP", help="The services of a group; commas", autocompletion=completers.groups
)
_ALL = typer.Option("--all", help="Every service of the project")
_NO_NEEDS = typer.Option("--no-needs", help="Leave out what the selected services need")


def with_shared_parameters(command: Command, program: str) -> Callable[..., int | None]:
    """The function that Typer sees: what selects, the command's own, then the global options."""
    parameters = list(inspect.signature(command.function, locals=_NOT_TYPERS, eval_str=True).parameters.values())
    own = parameters[2 if command.selects else 1 :]
    taken = {flag for parameter in own for flag in _flags(parameter)}
    selecting = list(_selecting(command.selects))

    @functools.wraps(command.function)
    def call(parsed: typer.Context, **values: Any) -> int | None:
        raw = {option.name: values.pop(option.name) for option in GLOBAL_OPTIONS}
        invocation = invocation_of(raw, parsed, command.forms, program)
        chosen = _selection({each.name: values.pop(each.name) for each in selecting}) if selecting else None
        return command.function(invocation, *([chosen] if chosen else []), **values)

    shared = [_global(option, taken, command.forms) for option in GLOBAL_OPTIONS]
    all_parameters = [_keyword("parsed", typer.Context), *selecting, *own, *shared]
    keyword = inspect.Parameter.KEYWORD_ONLY
    call.__signature__ = inspect.Signature([each.replace(kind=keyword) for each in all_parameters])  # type: ignore[attr-defined]
    call.__annotations__ = {}
    return call


def _keyword(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _flags(parameter: inspect.Parameter) -> Iterable[str]:
    """The flags that a parameter declares; typer.Option has the first of them as its default."""
    for note in getattr(parameter.annotation, "__metadata__", ()):
        yield from (note.default, *(note.param_decls or ()))


def _selecting(selects: Selects) -> Iterable[inspect.Parameter]:
    if selects:
        yield _keyword("services", Annotated[list[str] | None, _SERVICES], None)
        yield _keyword("group", Annotated[list[str] | None, _GROUP], None)
        yield _keyword("all", Annotated[bool, _ALL], default=False)
    if selects == "with needs":
        yield _keyword("no_needs", Annotated[bool, _NO_NEEDS], default=False)


def _selection(raw: dict[str, Any]) -> Selection:
    """What was typed, groups split at commas."""
    from meshctl.plan import Selection

    return Selection(
        services=tuple(raw["services"] or ()),
        groups=tuple(part for group in raw["group"] or () for part in group.split(",") if part),
        all=raw["all"],
        needs=not raw.get("no_needs"),
    )


def _global(option: GlobalOption, taken: set[str], forms: tuple[str, ...]) -> inspect.Parameter:
    """One global option, without the letters that the command uses itself; `-o` names the command's forms."""
    own = option is OUTPUT
    declaration = typer.Option(
        *(flag for flag in option.flags if flag not in taken),
        help=f"{option.help}: {', '.join(forms)}" if own else option.help,
        metavar=option.metavar or None,
        envvar=None if option.repeatable else option.variable,
        show_envvar=False,
        show_default=False,
        rich_help_panel=None if own else GLOBAL_PANEL,
        autocompletion=completers.of_option(option.name, forms),
    )
    if not option.metavar:
        return _keyword(option.name, Annotated[bool, declaration], default=False)
    kind: Any = list[str] if option.repeatable else Path if option.metavar in ("DIR", "FILE") else str
    return _keyword(option.name, Annotated[kind | None, declaration], None)
