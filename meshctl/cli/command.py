"""A command: a function, and the Typer command that is built of it when it is the one that runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import typer
from typer.core import TyperCommand

Stream = Literal["", "events", "lines"]
Selects = Literal["", "named", "with needs"]
GLOBAL_PANEL = "Global options"
TYPED = "meshctl.typed"
"""Where the context of a parsed command keeps its arguments."""
ORDER = "meshctl.order"
"""Where the context of a parsed command keeps the names of its options in the order in which they were typed."""


@dataclass(frozen=True)
class Command:
    """`function` takes the Invocation, then a Selection if it `selects`, then its own options by keyword.

    `forms` are those of `-o`, the first being the default; `stream` says what `-o json` gives line by line;
    `failure` is the exit code where it would be 1, as that means something else to some.
    """

    function: Callable[..., int | None]
    forms: tuple[str, ...]
    examples: str
    stream: Stream
    selects: Selects
    failure: int


def command(
    *,
    forms: tuple[str, ...] = ("human",),
    examples: str,
    stream: Stream = "",
    selects: Selects = "",
    failure: int = 1,
) -> Callable[[Callable[..., int | None]], Command]:
    """Makes a Command of a function; what the function returns is the exit code, None is 0."""
    return lambda function: Command(function, forms, examples, stream, selects, failure)


def build(name: str, command: Command, program: str) -> TyperCommand:
    """The Typer command of `command`, and of no other."""
    from meshctl.cli.signature import with_shared_parameters

    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    settings = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
    register = app.command(name, cls=OneCommand, context_settings=settings, help=inspect.getdoc(command.function))
    register(with_shared_parameters(command, program))
    built = typer.main.get_command(app)
    assert isinstance(built, OneCommand)  # noqa: S101 - what `cls` asked for
    built.examples = inspect.cleandoc(command.examples).replace("meshctl", program)
    return built


class OneCommand(TyperCommand):
    """Typer's command, with the order of repeated options kept, and help in sections of our own."""

    examples = ""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        args = list(self._without_equals(args))
        if not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))
            ctx.meta[TYPED] = tuple(args)
            ctx.meta[ORDER] = [parameter.name for parameter in order]
        return super().parse_args(ctx, args)

    def _without_equals(self, args: Sequence[str]) -> Iterable[str]:
        """`-o=json`, which kubectl's users write, as `-ojson`, which is all that Click knows."""
        valued = {
            flag for parameter in self.params for flag in parameter.opts if not getattr(parameter, "is_flag", False)
        }
        for position, word in enumerate(args):
            if word == "--":
                yield from args[position:]
                return
            flag, equals, value = word.partition("=")
            yield from (flag, value) if equals and len(flag) == 2 and flag in valued else (word,)

    def format_options(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        """What is this command's own comes first: the global options are the same everywhere."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": [], GLOBAL_PANEL: []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record:
                own = "Arguments" if parameter.param_type_name == "argument" else "Options"
                sections[getattr(parameter, "rich_help_panel", None) or own].append(record)
        _section(formatter, "Arguments", sections["Arguments"])
        _section(formatter, "Options", sections["Options"])
        with formatter.section("Examples"):
            for line in self.examples.splitlines():
                formatter.write(f"  {line}".rstrip() + "\n")
        _section(formatter, f"{GLOBAL_PANEL} (before or after the command's name)", sections[GLOBAL_PANEL])


def _section(formatter: Any, title: str, rows: Sequence[tuple[str, str]]) -> None:
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)
