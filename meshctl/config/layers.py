"""From files, environment and --set to one tree of settings, each of which knows its layers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from meshctl import yamlio
from meshctl.config.assignments import Assignment, assign
from meshctl.config.project import Project, impossible_path
from meshctl.config.settings import EMPTY, Layer, Setting, merge, removals_of_nothing
from meshctl.config.shorthand import declared_twice, normalized
from meshctl.config.sources import File, Sources
from meshctl.errors import Caution, ConfigError, MeshctlError, UsageError, Where, did_you_mean, raise_all

LARGEST_FILE = 1024 * 1024  # bytes of a project file; more is some other file
MOST_FILES = 100  # that one environment may extend, each as often as it is named
VARIABLE_PREFIX = "MESHCTL_VAR_"
_UNREADABLE, _OUTSIDE = "MSH020", "MSH021"
_AMBIGUOUS = "quote it if a text is meant"


class Layers:
    """Reads every layer, lowest first; `problems` and `cautions` are what was found on the way."""

    def __init__(self, project: Project, sources: Sources) -> None:
        self.project = project
        self._sources = sources
        self.root = EMPTY
        self.problems: list[MeshctlError] = []
        self.cautions: list[Caution] = []
        self._unreadable: list[MeshctlError] = []
        self._files = 0

    def read(self, assignments: Sequence[Assignment], cwd: Path) -> Setting:
        """All layers, merged. Raises what kept some from being read: without them the others make no sense."""
        self._file(self.project.file, ())
        local = self.project.local_file
        if local and local.exists():
            self._file(local, ())
        self._environment(self._sources.environ)
        raise_all(self._unreadable)
        self._assign(assignments, cwd)
        raise_all(self._unreadable)
        return self.root

    def _assign(self, assignments: Sequence[Assignment], cwd: Path) -> None:
        for assignment in assignments:
            try:
                self.root, cautions = assign(self.root, assignment, cwd)
            except UsageError as error:
                self._unreadable.append(error)
            else:
                self.cautions += cautions

    def _file(self, path: Path, chain: tuple[Path, ...]) -> None:
        """One file on top of those that it extends; `chain` are the files that led here."""
        file = self.project.shown(path)
        try:
            document = yamlio.load(yamlio.read_text(path, file, LARGEST_FILE), file)
        except MeshctlError as error:
            self._unreadable.append(error)
            return
        self.cautions += [Caution("MSH003", text, where, _AMBIGUOUS) for where, text in document.warnings]
        layer = Layer(file, lambda path, key: document.where(path, key=key))
        setting = Setting.of({} if document.value is None else document.value, layer)
        if not setting.is_mapping:
            self._unreadable.append(ConfigError("a project file is a mapping", where=setting.where()))
            return
        for base in _extended(setting):
            self._base(path, base, (*chain, path))
        self._variables(path, setting)
        self._merge(setting)

    def _variables(self, path: Path, setting: Setting) -> None:
        """What `vars_from` of a file brings, below the variables of the file itself."""
        for entry in setting.items("vars_from"):
            try:
                found = self._sources.variables(entry, lambda name: self._named(path.parent / name.value, name))
            except MeshctlError as error:
                self._unreadable.append(error)
            else:
                self._merge(Setting({"vars": found}, found.sources) if found else EMPTY)

    def _named(self, path: Path, name: Setting) -> File:
        """A file of variables, which is in the project like any other."""
        if reason := impossible_path(name.value):
            raise ConfigError(f"vars_from names a file whose name {reason}", code=_UNREADABLE, where=name.where())
        target = Path(os.path.normpath(path))
        shown = self.project.shown(target)
        if not any(target.resolve().is_relative_to(folder.resolve()) for folder in self._folders()):
            message = f"vars_from names {name.value}, which is outside of the project"
            raise ConfigError(message, code=_OUTSIDE, where=name.where())
        return File(target, shown, name.where() or Where(shown))

    def _base(self, path: Path, base: Setting, chain: tuple[Path, ...]) -> None:
        target = Path(os.path.normpath(path.parent / base.value))
        if problem := self._refused(target, base, chain):
            self._unreadable.append(problem)
        else:
            self._file(target, chain)

    def _refused(self, target: Path, base: Setting, chain: tuple[Path, ...]) -> ConfigError | None:
        shown, near, code = self.project.shown(target), "", _UNREADABLE
        self._files += 1
        if reason := impossible_path(base.value):
            message = f"extends a file whose name {reason}"
        elif not any(target.resolve().is_relative_to(folder.resolve()) for folder in self._folders()):
            message, code = f"extends {base.value}, which is outside of the project", _OUTSIDE
        elif not target.is_file():
            message = f"extends {shown}, which is not there"
            near = did_you_mean(target.name, (file.name for file in target.parent.glob("*.y*ml")))
        elif target in chain:
            circle = " → ".join(self.project.shown(file) for file in (*chain[chain.index(target) :], target))
            message = f"files extend each other: {circle}"
        elif self._files > MOST_FILES:
            message = f"more than {MOST_FILES} files extend each other"
        else:
            return None
        return ConfigError(message, code=code, where=base.where(), suggestion=near)

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
                self._unreadable.append(error)
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
        try:
            self.root = merge(self.root, layer)
        except ConfigError as error:
            self._unreadable.append(error)


def _layer_at(where: Where) -> Layer:
    return Layer(where.file, lambda _path, _key: where)


def _extended(setting: Setting) -> list[Setting]:
    """The files that a file extends; what has another shape is the schema's matter."""
    extends = setting.get("extends")
    items = extends.value if extends and extends.is_list else [extends]
    return [item for item in items if item and isinstance(item.value, str)]
