"""The table of commands against the commands themselves."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from meshctl.cli import commands
from meshctl.cli.catalog import COMMANDS, GROUPS
from meshctl.cli.command import build
from meshctl.cli.invocation import GLOBAL_OPTIONS
from meshctl.cli.program import load


def test_every_module_is_in_the_table_and_every_entry_has_a_module() -> None:
    modules = {file.stem for file in Path(*commands.__path__).glob("*.py")} - {"__init__"}
    assert modules == {entry.module for entry in COMMANDS.values()}
    assert {name.split()[0] for name in COMMANDS if " " in name} == set(GROUPS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_examples_and_all_its_options_too(name: str) -> None:
    command = load(name)
    assert inspect.getdoc(command.function)
    examples = inspect.cleandoc(command.examples).splitlines()
    assert any(f"meshctl {name}" in line for line in examples)
    assert all(getattr(parameter, "help", "") for parameter in build(name, command, "meshctl").params)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_every_global_option(name: str) -> None:
    flags = {flag for parameter in build(name, load(name), "meshctl").params for flag in parameter.opts}
    assert flags >= {option.long for option in GLOBAL_OPTIONS}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_flag_of_a_command_means_two_things(name: str) -> None:
    built = build(name, load(name), "meshctl")
    flags = [flag for parameter in built.params for flag in (*parameter.opts, *parameter.secondary_opts)]
    assert len(flags) == len(set(flags))
