"""The files that are templates, or that templates may take in: those below the template folders, and no others."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from meshctl import yamlio
from meshctl.errors import TemplateError, Where

LARGEST_TEMPLATE = 4 * 1024 * 1024  # bytes; an API server takes objects of 3 MB
LIBRARY = "_lib"  # the folder of partials that every template finds


class _Contents(NamedTuple):
    """Of one folder: files by name, True for ordinary ones and False for links and others; and the folders in it."""

    files: Mapping[str, bool]
    folders: Sequence[str]


class Folders:
    """Several folders seen as one: of files of one name, the first folder's is meant.

    Names are relative, with slashes. What is on the disk is looked at once, so an instance is for one run.
    """

    def __init__(self, paths: Sequence[Path], root: Path) -> None:
        self.paths = tuple(paths)
        self.root = root
        self._texts = tuple(map(str, paths))
        self._contents = cache(self._scan)
        self._real = cache(os.path.realpath)
        self._is_inside = cache(self._leads_inside)

    def files(self, folder: str = "") -> list[str]:
        """All files below a folder by name, sorted; hidden files and folders are left out."""
        return sorted(self._walk(folder, frozenset()))

    def is_file(self, name: str) -> bool:
        return self._find(name) is not None

    def source(self, name: str) -> tuple[str, str] | None:
        """The text of a file and its path, None if there is none. Raises TemplateError for one outside of the project,
        YamlError for one that cannot be read."""
        found = self._find(name)
        if found is None:
            return None
        path, ordinary = found
        if not self._is_inside(posixpath.dirname(path) if ordinary else path):
            raise self._outside(self.shown(path), Where(self.shown(path)))
        return (_quick_text(path) if ordinary else None) or yamlio.read_text(
            Path(path), self.shown(path), LARGEST_TEMPLATE
        ), path

    def resolve(self, name: str, parent: str) -> str:
        """The full name of what template `parent` calls `name`: beside it, in its service's folder, in the library, or
        from the top. Raises TemplateError for a name that leads out of the folders."""
        beside = posixpath.dirname(parent)
        places = dict.fromkeys((beside, beside.partition("/")[0], LIBRARY, ""))
        candidates = [posixpath.normpath(posixpath.join(place, name)) for place in places]
        found = next((each for each in candidates if not _leads_up(each) and self.is_file(each)), None)
        if found is None and _leads_up(candidates[0]):
            raise self._outside(name)
        return found or (candidates[0] if ".." in name.split("/") else name)

    def shown(self, path: Path | str) -> str:
        """A path as messages have it: relative to the project."""
        return Path(path).relative_to(self.root).as_posix() if Path(path).is_relative_to(self.root) else str(path)

    def shown_name(self, name: str) -> str:
        """A template's path as messages have it."""
        found = self._find(name)
        return self.shown(found[0]) if found else name

    def _find(self, name: str) -> tuple[str, bool] | None:
        """The path of a file, and whether it is an ordinary one."""
        folder, _, base = name.rpartition("/")
        for path in self._texts:
            files = self._contents(path, folder).files
            if base in files:
                return f"{path}/{name}", files[base]
        return None

    def _leads_inside(self, path: str) -> bool:
        """A link may lead elsewhere in the project, as may one that stands for a folder above."""
        return f"{self._real(path)}/".startswith(f"{self._real(str(self.root))}/")

    def _outside(self, name: str, where: Where | None = None) -> TemplateError:
        advice = "templates take in only what is in the project"
        return TemplateError(f"{name} leads out of the project", code="MSH104", where=where, suggestion=advice)

    def _walk(self, folder: str, above: frozenset[str]) -> Iterator[str]:
        """`above` are the real paths of the folders that this one is in: a link may lead back to one of them."""
        contents = [self._contents(path, folder) for path in self._texts]
        prefix = f"{folder}/" if folder else ""
        for name in {name for each in contents for name in each.files}:
            yield prefix + name
        for name in {name for each in contents for name in each.folders}:
            real = frozenset(self._real(f"{path}/{folder}") for path in self._texts)
            if not real & above:
                yield from self._walk(prefix + name, above | real)

    def _scan(self, path: str, folder: str) -> _Contents:
        try:
            with os.scandir(f"{path}/{folder}") as entries:
                return _contents(entry for entry in entries if not entry.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError, ValueError):  # the last for a name with a NUL
            return _Contents({}, [])
        except OSError as error:
            shown = self.shown(f"{path}/{folder}")
            message = f"{shown} cannot be read: {error.strerror}"
            raise TemplateError(message, code="MSH020", where=Where(shown)) from error


def _contents(entries: Iterable[os.DirEntry[str]]) -> _Contents:
    files: dict[str, bool] = {}
    folders: list[str] = []
    for entry in entries:
        if _is_folder(entry):
            folders.append(entry.name)
        else:
            files[entry.name] = entry.is_file(follow_symlinks=False)
    return _Contents(files, folders)


def _leads_up(name: str) -> bool:
    """Whether a normalized name leads out of the folder that it is relative to."""
    return name.startswith("/") or name.partition("/")[0] == ".."


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """A link that leads to itself is none; it is told when somebody wants to read it."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _quick_text(path: str) -> str | None:
    """The text of a file that has nothing special about it: most of the time is spent here."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a Path costs as much as the reading
            if os.fstat(file.fileno()).st_size > LARGEST_TEMPLATE:
                return None
            text = file.read().decode()
    except (OSError, UnicodeDecodeError):
        return None
    return None if text.startswith("\ufeff") else text
