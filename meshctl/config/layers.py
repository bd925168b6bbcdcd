"""From files, environment and --set to one tree of settings, each of which knows its layers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from meshctl import yamlio
from meshctl.config.assignments import Assignment, assign
from meshctl.config.project import Project
from meshctl.config.settings import EMPTY, Layer, Setting, merge, removals_of_nothing
from meshctl.config.shorthand import declared_twice, normalized
from meshctl.errors import Caution, ConfigError, MeshctlError, Where, did_you_mean, raise_all

VARIABLE_PREFIX = "MESHCTL_VAR_"
_UNREADABLE, _OUTSIDE = "MSH020", "MSH021"
_AMBIGUOUS = "quote it if a text is meant"


class Layers:
    """Reads every layer, lowest first; `problems` and `cautions` are what was found on the way."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.root = EMPTY
        self.problems: list[MeshctlError] = []
        self.cautions: list[Caution] = []

    def read(self, assignments: Sequence[Assignment], environ: Mapping[str, str], cwd: Path) -> Setting:
        """All layers, merged. Raises what kept a file from being read at all; what is in the files comes later."""
        self._file(self.project.file, ())
        local = self.project.local_file
        if local and local.exists():
            self._file(local, ())
        self._environment(environ)
        raise_all(self.problems)
        for assignment in assignments:
            self.root, cautions = assign(self.root, assignment, cwd)
            self.cautions += cautions
        return self.root

    def _file(self, path: Path, chain: tuple[Path, ...]) -> None:
        """One file on top of those that it extends; `chain` are the files that led here."""
        file = self.project.shown(path)
        try:
            document = yamlio.load(yamlio.read_text(path, file), file)
        except MeshctlError as error:
            self.problems.append(error)
            return
        self.cautions += [Caution("MSH003", text, where, _AMBIGUOUS) for where, text in document.warnings]
        layer = Layer(file, lambda path, key: document.where(path, key=key))
        setting = Setting.of({} if document.value is None else document.value, layer)
        if not setting.is_mapping:
            self.problems.append(ConfigError("a project file is a mapping", where=setting.where()))
            return
        for base in _extended(setting):
            self._base(path, base, (*chain, path))
        self._merge(setting)

    def _base(self, path: Path, base: Setting, chain: tuple[Path, ...]) -> None:
        target = Path(os.path.normpath(path.parent / base.value))
        if problem := self._refused(target, base, chain):
            self.problems.append(problem)
        else:
            self._file(target, chain)

    def _refused(self, target: Path, base: Setting, chain: tuple[Path, ...]) -> ConfigError | None:
        shown = self.project.shown(target)
        if not any(target.resolve().is_relative_to(folder.resolve()) for folder in self._folders()):
            return ConfigError(
                f"extends {base.value}, which is outside of the project", code=_OUTSIDE, where=base.where()
            )
        if not target.is_file():
            near = did_you_mean(target.name, (file.name for file in target.parent.glob("*.y*ml")))
            return ConfigError(
                f"extends {shown}, which is not there", code=_UNREADABLE, where=base.where(), suggestion=near
            )
        if target in chain:
            circle = " → ".join(self.project.shown(file) for file in (*chain[chain.index(target) :], target))
            return ConfigError(f"files extend each other: {circle}", code=_UNREADABLE, where=base.where())
        return None

    def _folders(self) -> tuple[Path, Path]:
        """Where files may be; one that was named by -f may have its own beside it."""
        return (self.project.root, self.project.file.parent)

    def _environment(self, environ: Mapping[str, str]) -> None:
        for name in sorted(environ):
            if not name.startswith(VARIABLE_PREFIX) or name == VARIABLE_PREFIX:
                continue
            try:
                document = yamlio.load(environ[name], name)
            except MeshctlError as error:
                self.problems.append(error)
                continue
            where = Where(name)
            self.cautions += [Caution("MSH003", text, where, _AMBIGUOUS) for _, text in document.warnings]
            variable = {name.removeprefix(VARIABLE_PREFIX): document.value}
            self._merge(Setting.of({"vars": variable}, _layer_at(where)))

    def _merge(self, setting: Setting) -> None:
        self.problems += declared_twice(setting)
        layer = normalized(setting)
        for item, known in removals_of_nothing(self.root, layer):
            near = did_you_mean(str(item.plain), known)
            self.cautions.append(Caution("MSH012", f"{item.plain} is not there to be removed", item.where(), near))
        self.root = merge(self.root, layer)


def _layer_at(where: Where) -> Layer:
    return Layer(where.file, lambda _path, _key: where)


def _extended(setting: Setting) -> list[Setting]:
    """The files that a file extends; what has another shape is the schema's matter."""
    extends = setting.get("extends")
    if extends is None:
        return []
    return [
        item
        for item in ([extends] if isinstance(extends.value, str) else setting.items("extends"))
        if isinstance(item.value, str)
    ]
