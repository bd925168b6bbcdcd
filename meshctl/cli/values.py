"""The global options as Typer read them become an Invocation."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from meshctl.cli.command import ORDER, TYPED
from meshctl.cli.invocation import ASSIGNMENTS, COLORS, GLOBAL_OPTIONS, Assigned, Invocation
from meshctl.errors import UsageError
from meshctl.output.terminal import detect

_PLACES = ("directory", "kubeconfig", "context", "namespace")


def invocation_of(raw: dict[str, Any], parsed: typer.Context, forms: tuple[str, ...], program: str) -> Invocation:
    """Raises UsageError for values that are none, and for two options that exclude each other."""
    color: Any = raw["color"] or "auto"
    if color not in COLORS:
        raise UsageError(f"--color is {color!r}", suggestion=f"one of {', '.join(COLORS)}")
    _exclude(raw, parsed, "quiet", "verbose")
    _exclude(raw, parsed, "env", "file")
    return Invocation(
        program=program,
        terminal=detect(sys.stdin, sys.stdout, sys.stderr, os.environ, color=color, quiet=raw["quiet"]),
        output=_form(raw["output"], forms, typed=_is_typed(parsed, "output")),
        directory=_home(raw["directory"]),
        env=raw["env"],
        file=_home(raw["file"]),
        assigned=_assigned(raw, parsed.meta[ORDER]),
        namespace=raw["namespace"],
        context=raw["context"],
        kubeconfig=_home(raw["kubeconfig"]),
        quiet=raw["quiet"],
        verbose=raw["verbose"],
        yes=raw["yes"],
        typed=typed(str(parsed.info_name).partition(" ")[2], parsed.meta[TYPED]),
    )


def typed(name: str, words: Iterable[str]) -> str:
    """A command as it may be kept: of what is set, the paths alone, and nothing of where it was set and run."""
    setting = {option.long for option in GLOBAL_OPTIONS if option.name in ASSIGNMENTS}
    places = {flag for option in GLOBAL_OPTIONS if option.name in _PLACES for flag in option.flags}
    kept, before = [name], ""
    for word in words:
        flag, joined, assigned = word.partition("=")
        if joined and flag in setting:
            kept.append(f"{flag}={_masked(assigned)}")
        elif before in setting:
            kept.append(_masked(word))
        elif before not in places and flag not in places:
            kept.append(shlex.quote(word))
        before = "" if joined else word
    return " ".join(kept)


def _masked(assigned: str) -> str:
    """Whatever follows a path that has no `=` is no value either."""
    path, equals, _ = assigned.partition("=")
    return f"{path}=…" if equals else "…"


def _exclude(raw: dict[str, Any], parsed: typer.Context, one: str, other: str) -> None:
    """Of two options that exclude each other, one that was typed beats one of the environment."""
    if raw[one] and raw[other]:
        if _is_typed(parsed, one) == _is_typed(parsed, other):
            raise UsageError(f"--{one} and --{other} exclude each other")
        beaten = other if _is_typed(parsed, one) else one
        raw[beaten] = False if raw[beaten] is True else None


def _is_typed(parsed: typer.Context, name: str) -> bool:
    source = parsed.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _form(asked: str | None, forms: tuple[str, ...], *, typed: bool) -> str:
    """MESHCTL_OUTPUT is a wish for all commands: one that has no such form keeps its default."""
    if asked in forms:
        return asked
    if asked is None or not typed:
        return forms[0]
    raise UsageError(f"-o {asked} is no form of this command", suggestion=f"one of {', '.join(forms)}")


def _assigned(raw: dict[str, Any], order: list[str]) -> list[Assigned]:
    """`--set` and its kin in the order in which they were typed, behind those of the environment, one a line."""
    found = []
    typed = {}
    for option in GLOBAL_OPTIONS:
        if option.name in ASSIGNMENTS:
            typed[option.name] = iter(raw[option.name] or ())
            texts = os.environ.get(option.variable, "").splitlines()
            found += [Assigned(option.variable, ASSIGNMENTS[option.name], text) for text in texts if text]
    flags = {option.name: option.long for option in GLOBAL_OPTIONS}
    found += [Assigned(flags[name], ASSIGNMENTS[name], next(typed[name])) for name in order if name in typed]
    return found


def _home(path: Path | None) -> Path | None:
    """A `~` that came out of the environment was expanded by no shell."""
    return path.expanduser() if path else None
