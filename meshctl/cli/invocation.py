"""What every command is told: the global options, declared once, and their values as one typed object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from meshctl.output.terminal import Terminal


class GlobalOption(NamedTuple):
    """An option of every command; `metavar` is empty for a switch. Its variable is MESHCTL_ and the long name."""

    flags: tuple[str, ...]
    help: str
    metavar: str = ""
    repeatable: bool = False

    @property
    def long(self) -> str:
        return self.flags[-1]

    @property
    def name(self) -> str:
        """`set_string` of `--set-string`: the parameter's name."""
        return self.long.removeprefix("--").replace("-", "_")

    @property
    def variable(self) -> str:
        return f"MESHCTL_{self.name.upper()}"


OUTPUT = GlobalOption(("-o", "--output"), "Form of the output", "FORM")
COLORS = ("auto", "always", "never")

GLOBAL_OPTIONS: tuple[GlobalOption, ...] = (
    GlobalOption(("-C", "--directory"), "The project's folder; default: nearest with configs/", "DIR"),
    GlobalOption(("-e", "--env"), "Use configs/ENV.yaml; default: dev, or the only one", "ENV"),
    GlobalOption(("-f", "--file"), "A config file instead of an environment", "FILE"),
    GlobalOption(("--set",), "Set a config value, typed as YAML: vars.tag=v2", "PATH=VALUE", repeatable=True),
    GlobalOption(("--set-string",), "Set a config value, always a string", "PATH=VALUE", repeatable=True),
    GlobalOption(("--set-file",), "Set a config value to the text of a file", "PATH=FILE", repeatable=True),
    GlobalOption(("-n", "--namespace"), "The namespace; default: the config's, or your login", "NS"),
    GlobalOption(("--context",), "The context of the kubeconfig", "NAME"),
    GlobalOption(("--kubeconfig",), "The kubeconfig; default: KUBECONFIG, sandbox, ~/.kube", "FILE"),
    OUTPUT,
    GlobalOption(("-q", "--quiet"), "Say only results and errors"),
    GlobalOption(("-v", "--verbose"), "Say which files and cluster; show tracebacks"),
    GlobalOption(("--color",), "Colour: auto, always or never; default: auto", "WHEN"),
    GlobalOption(("-y", "--yes"), "Answer yes to every question; confirm --context"),
)

Mode = Literal["yaml", "string", "file"]
ASSIGNMENTS: dict[str, Mode] = {"set": "yaml", "set_string": "string", "set_file": "file"}
"""The options that set config values, and how each reads its value."""


class Assigned(NamedTuple):
    """One `--set` or its kin, as typed: `path=value`."""

    option: str
    mode: Mode
    text: str


@dataclass(frozen=True)
class Invocation:
    """One call of meshctl: the global options, cleaned; `output` is one of the command's forms.

    `typed` is the command as it may be kept: without what it sets, which may be secret.
    """

    program: str
    terminal: Terminal
    output: str
    directory: Path | None = None
    env: str | None = None
    file: Path | None = None
    assigned: Sequence[Assigned] = ()
    namespace: str | None = None
    context: str | None = None
    kubeconfig: Path | None = None
    quiet: bool = False
    verbose: bool = False
    yes: bool = False
    typed: str = ""
