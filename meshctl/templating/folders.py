"""The files that are templates, or that templates may take in: those below the template folders, and no others."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from meshctl import yamlio
from meshctl.errors import TemplateError

LIBRARY = "_lib"  # the folder of partials that every template finds


class Folders:
    """Several folders seen as one: of files of one name, the first folder's is meant.

    Names are relative, with slashes. What is on the disk is looked at once, so an instance is for one run.
    """

    def __init__(self, paths: Sequence[Path], root: Path) -> None:
        self.paths = tuple(paths)
        self.root = root
        self._entries = cache(self._scan)
        self._real = cache(os.path.realpath)

    def files(self, folder: str = "") -> list[str]:
        """All files below a folder by name, sorted; those of hidden folders are left out."""
        return sorted(self._walk(folder, frozenset()))

    def is_file(self, name: str) -> bool:
        folder, _, base = name.rpartition("/")
        return any(base in self._entries(path, folder)[0] for path in self.paths)

    def source(self, name: str) -> tuple[str, Path] | None:
        """The text of a file and its path, None if there is none. Raises TemplateError for one outside of the project,
        YamlError for one that cannot be read."""
        folder, _, base = name.rpartition("/")
        for path in self.paths:
            files, _ = self._entries(path, folder)
            if base in files:
                found = path / name
                self._confine(found, is_link=files[base])
                return yamlio.read_text(found, self.shown(found)), found
        return None

    def resolve(self, name: str, parent: str) -> str:
        """The full name of what template `parent` calls `name`: beside it, in its service's folder, in the library, or
        from the top. Raises TemplateError for a name that leads out of the folders."""
        beside = posixpath.dirname(parent)
        places = dict.fromkeys((beside, beside.partition("/")[0], LIBRARY, ""))
        candidates = [posixpath.normpath(posixpath.join(place, name)) for place in places]
        inside = [candidate for candidate in candidates if not candidate.startswith(("/", ".."))]
        if not inside:
            raise self._outside(name)
        return next((candidate for candidate in inside if self.is_file(candidate)), name)

    def shown(self, path: Path | str) -> str:
        """A path as messages have it: relative to the project."""
        return Path(path).relative_to(self.root).as_posix() if Path(path).is_relative_to(self.root) else str(path)

    def _confine(self, path: Path, *, is_link: bool) -> None:
        """A link may lead elsewhere in the project, as may one that stands for a folder above."""
        real = self._real(path) if is_link else self._real(path.parent)
        if not f"{real}/".startswith(f"{self._real(self.root)}/"):
            raise self._outside(self.shown(path))

    def _outside(self, name: str) -> TemplateError:
        advice = "templates take in only what is in the project"
        return TemplateError(f"{name} leads out of the project", code="MSH104", suggestion=advice)

    def _walk(self, folder: str, above: frozenset[str]) -> Iterator[str]:
        """`above` are the real paths of the folders that this one is in: a link may lead back to one of them."""
        real = {self._real(path / folder) for path in self.paths}
        if real & above:
            return
        contents = [self._entries(path, folder) for path in self.paths]
        prefix = f"{folder}/" if folder else ""
        for name in {name for files, _ in contents for name in files}:
            yield prefix + name
        for name in {name for _, folders in contents for name in folders}:
            yield from self._walk(prefix + name, above | real)

    def _scan(self, path: Path, folder: str) -> tuple[dict[str, bool], list[str]]:
        """The files of one folder, each with whether it is a link, and the folders in it."""
        files: dict[str, bool] = {}
        folders: list[str] = []
        try:
            with os.scandir(path / folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir():
                        folders.append(entry.name)
                    else:
                        files[entry.name] = entry.is_symlink()
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            message = f"{self.shown(path / folder)} cannot be read: {error.strerror}"
            raise TemplateError(message, code="MSH020") from error
        return files, folders
