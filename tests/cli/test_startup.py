"""A start is paid for at every call: what no command without a cluster may import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from calling import write_project

CLUSTER = {"kubernetes", "urllib3", "requests", "cryptography", "pydantic", "ssl", "aiohttp"}
HEAVY = CLUSTER | {"networkx", "rich", "pygments", "numpy"}
RENDERING = {"jinja2", "jsonschema_rs", "yaml"}
OTHER_COMMANDS = {"meshctl.lifecycle", "meshctl.inventory", "meshctl.logs", "meshctl.cluster"}


def imported(folder: Path, *arguments: str) -> set[str]:
    """The modules that a call imports, by their full names and by their first parts."""
    script = (
        "import sys\nfrom meshctl.cli.program import run\n"
        f"code = run({list(arguments)!r})\n"
        "print('\\n'.join(['', '=== modules', *sys.modules]))\nsys.exit(code)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"HOME": str(folder)},  # no sandbox there that could be asked how it is
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    names = ended.stdout.partition("=== modules\n")[2].split()
    return {*names, *(name.partition(".")[0] for name in names)}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize(
    ("typed", "never"),
    [
        ("--help", HEAVY | RENDERING | OTHER_COMMANDS | {"typer"}),
        ("version", HEAVY | RENDERING | OTHER_COMMANDS),
        ("version -o json", HEAVY | RENDERING | OTHER_COMMANDS),
        ("completion bash", HEAVY | RENDERING | OTHER_COMMANDS),
        ("start --help", HEAVY | RENDERING | OTHER_COMMANDS),
        ("logs --help", HEAVY | RENDERING | OTHER_COMMANDS),
        ("list envs", HEAVY | {"jinja2"} | OTHER_COMMANDS),
        ("list services", HEAVY | OTHER_COMMANDS),
        ("config view", HEAVY | OTHER_COMMANDS),
        ("config origins", HEAVY | OTHER_COMMANDS),
        ("graph", HEAVY | OTHER_COMMANDS),
        ("graph -o json", HEAVY | OTHER_COMMANDS),
        ("gen --stdout", HEAVY | OTHER_COMMANDS),
        ("check", HEAVY | OTHER_COMMANDS | {"junitparser", "celpy", "re2"}),
        ("sandbox status", (HEAVY - {"ssl"}) | RENDERING | OTHER_COMMANDS),
    ],
)
def test_what_a_call_must_not_import(project: Path, typed: str, never: set[str]) -> None:
    assert not imported(project, *typed.split()) & never


def test_one_command_is_built_and_no_other(project: Path) -> None:
    loaded = {name for name in imported(project, "version") if name.startswith("meshctl.cli.commands.")}
    assert loaded == {"meshctl.cli.commands.version"}
