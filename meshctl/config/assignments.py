"""--set, --set-string and --set-file: a path into the configuration, and a value for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from meshctl import yamlio
from meshctl.config.schema import dotted, is_open, known_keys
from meshctl.config.settings import Layer, Setting, merge
from meshctl.config.shorthand import normalized
from meshctl.errors import Caution, ConfigError, UsageError, Where, YamlError, did_you_mean

_STEP = re.compile(r"\[(\d+)\]|\.?((?:[^.\[\]\\]|\\.)+)", re.DOTALL)
_OF_FILES = ("extends", "vars_from")
_DECLARED: tuple[yamlio.Path, ...] = (("service",), ("service_group",))  # whose keys are names that files declare


@dataclass(frozen=True)
class Assignment:
    """`value` is read as YAML, taken as a text, or the name of a file whose text it is."""

    path: str
    value: str
    mode: Literal["yaml", "string", "file"] = "yaml"
    option: str = "--set"

    @property
    def where(self) -> Where:
        return Where(f"{self.option} {self.path}={self.value}")


def assign(root: Setting, assignment: Assignment, cwd: Path) -> tuple[Setting, list[Caution]]:
    """`root` with the value in it, merged as a layer of its own. Raises UsageError for a path that cannot be."""
    steps = _steps(assignment)
    _check_path(root, steps, assignment)
    value, cautions = _value(assignment, cwd)
    layer = Layer(assignment.where.file, lambda _path, _key: assignment.where)
    try:
        return merge(root, normalized(_nested(root, steps, Setting.of(value, layer)))), cautions
    except ConfigError as error:
        raise UsageError(error.message, where=assignment.where) from error


def _steps(assignment: Assignment) -> yamlio.Path:
    """`service.web.ports[0]`, where `\\.` is a dot in a name."""
    steps: list[str | int] = []
    position = 0
    while position < len(assignment.path):
        match = _STEP.match(assignment.path, position)
        if match is None or (not steps and not match[2]):
            advice = "write it like vars.tag or vars.hosts[0]"
            raise UsageError(f'"{assignment.path}" is no path', where=assignment.where, suggestion=advice)
        steps.append(int(match[1]) if match[1] else re.sub(r"\\(.)", r"\1", match[2]))
        position = match.end()
    if not steps:
        raise UsageError("a path is missing before the =", where=assignment.where)
    return tuple(steps)


def _check_path(root: Setting, steps: yamlio.Path, assignment: Assignment) -> None:
    if steps[0] in _OF_FILES:
        message = f"{steps[0]} says what a file takes in, so only files have it"
        raise UsageError(message, where=assignment.where, suggestion="set the variables themselves")
    for depth, step in enumerate(steps):
        parent = steps[:depth]
        if isinstance(step, int):
            _check_index(root, parent, step, assignment)
        elif not is_open(parent):
            _check_name(root, parent, step, assignment)


def _check_name(root: Setting, parent: yamlio.Path, step: str, assignment: Assignment) -> None:
    """A name of the schema, or one of a service or group that is declared."""
    known = list(root.mapping(*parent)) if parent in _DECLARED else known_keys(parent)
    name = step[1:] if step[:1] in ("+", "-") else step
    if name not in known:
        place = f" in {dotted(parent)}" if parent else ""
        message = f'there is no "{step}"{place}'
        raise UsageError(message, where=assignment.where, suggestion=did_you_mean(name, known))


def _check_index(root: Setting, parent: yamlio.Path, index: int, assignment: Assignment) -> None:
    """One beyond the last appends."""
    setting = root.get(*parent)
    if setting is None or not setting.is_list:
        raise UsageError(f"{dotted(parent)} is no list", where=assignment.where)
    if index > len(setting.value):
        message = f"{dotted(parent)} has only {len(setting.value)} items"
        raise UsageError(message, where=assignment.where, suggestion=f"the next one is [{len(setting.value)}]")


def _value(assignment: Assignment, cwd: Path) -> tuple[Any, list[Caution]]:
    if assignment.mode == "string":
        return assignment.value, []
    try:
        if assignment.mode == "file":
            return yamlio.read_text(cwd / assignment.value, assignment.value), []
        document = yamlio.load(assignment.value, assignment.where.file)
    except YamlError as error:
        raise UsageError(error.message, where=assignment.where, suggestion=error.suggestion) from error
    return document.value, [Caution("MSH003", warning, assignment.where) for _, warning in document.warnings]


def _nested(base: Setting | None, steps: yamlio.Path, new: Setting) -> Setting:
    """A layer with `new` at the end of `steps`; lists replace, so one with an index begins as a copy."""
    if not steps:
        return new
    step = steps[0]
    child = base.get(step) if base else None
    inner = _nested(child, steps[1:], new)
    if isinstance(step, str):
        return Setting({step: inner}, new.sources)
    items = list(base.items()) if base else []
    items[step : step + 1] = [merge(child, inner)]
    return Setting(items, new.sources)
