"""Templates in files: found, compiled, rendered, and their faults placed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, BytecodeCache, ChainableUndefined, Environment, FileSystemBytecodeCache
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError

from meshctl import __version__
from meshctl.errors import MeshctlError, TemplateError, Where, did_you_mean, raise_all
from meshctl.templating.folders import Folders
from meshctl.templating.jinja import LARGEST_TEXT, Dialect, UndefinedName, fault


class Templates(Dialect):
    """The dialect over folders of templates; what is compiled once stays compiled."""

    def __init__(self, folders: Folders, **options: Any) -> None:
        super().__init__(loader=Loader(folders), cache_size=-1, auto_reload=False, **options)
        self.folders = folders

    def join_path(self, template: str, parent: str) -> str:
        return self.folders.resolve(template, parent)


class Loader(BaseLoader):
    def __init__(self, folders: Folders) -> None:
        self.folders = folders

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:  # noqa: ARG002 - Jinja's signature
        found = self.folders.source(template)
        if found is None:
            raise TemplateNotFound(template)
        text, path = found
        return text, str(path), None


def environment(folders: Folders, cache: Path | None) -> Templates:
    return Templates(folders, bytecode_cache=_bytecode_cache(cache) if cache else None)


def _bytecode_cache(cache: Path) -> BytecodeCache | None:
    """Whoever can write there can run code as us, so it is for its owner alone; no cache where there can be none.

    An entry is known by the template's path and used only for the very text that it was compiled from.
    """
    folder = cache / f"templates-{__version__}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return None
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        return None
    return FileSystemBytecodeCache(str(folder))


def render(templates: Templates, name: str, variables: Mapping[str, Any], definers: str) -> str:
    try:
        return _limited(templates.get_template(name).generate(variables))
    except Exception as error:
        raise_all(_Faults(templates, name, variables, definers).of(error))
        raise


def _limited(pieces: Iterable[str]) -> str:
    found: list[str] = []
    size = 0
    for piece in pieces:
        found.append(piece)
        size += len(piece)
        if size > LARGEST_TEXT:
            raise TemplateError(f"renders to more than {LARGEST_TEXT // 2**20} MB", code="MSH114")
    return "".join(found)


@dataclass(frozen=True)
class _Faults:
    """What is wrong with one template, told with its place."""

    templates: Templates
    name: str
    variables: Mapping[str, Any]
    definers: str

    def of(self, error: Exception) -> Iterator[MeshctlError]:
        """The fault; for a variable that is missing, all such ones, as far as rendering gets without them."""
        yield self._placed(error)
        supposed = dict(self.variables)
        while (name := _missing(error)) and name not in supposed:
            supposed[name] = ChainableUndefined()
            try:
                _limited(self.templates.get_template(self.name).generate(supposed))
            except Exception as another:  # noqa: BLE001 - whatever a template raises
                error = another
            if _missing(error) not in {"", *supposed}:
                yield self._placed(error)

    def _placed(self, error: Exception) -> MeshctlError:
        """For a fault in a partial, with the line of the template that took the partial in."""
        shown = self.templates.folders.shown
        known = self._explained(error)
        frames = [Where(shown(file), line) for file, line in _frames(error)]
        where = known.where or (frames[-1] if frames else Where(shown(self.templates.folders.paths[0] / self.name)))
        by = f" (included by {frames[0]})" if frames and frames[0].file != where.file else ""
        return type(known)(known.message + by, code=known.code, where=where, suggestion=known.suggestion)

    def _explained(self, error: Exception) -> MeshctlError:
        known = fault(error, self.variables)
        if isinstance(error, TemplateNotFound):
            known.message = f"there is no template {error.name}"
            known.suggestion = did_you_mean(str(error.name), self.templates.folders.files())
        elif name := _missing(error):
            known.suggestion = self._who_defines(name)
        return known

    def _who_defines(self, name: str) -> str:
        if name in self.variables:
            return "a partial sees variables only when it is imported `with context`; or pass it as an argument"
        near = did_you_mean(name, self.variables)
        return f"{near} or define it: {self.definers}" if near else f"define it: {self.definers}"


def _missing(error: Exception) -> str:
    """The variable that nobody defined, "" for any other fault."""
    return error.name if isinstance(error, UndefinedName) and error.owner is None else ""


def _frames(error: Exception) -> list[tuple[str, int]]:
    """The files and lines of templates that the error came through, the innermost last."""
    frames = []
    traceback = error.__traceback__
    while traceback:
        if "__jinja_exception__" in traceback.tb_frame.f_globals:
            frames.append((traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    if isinstance(error, TemplateSyntaxError) and error.filename:
        frames.append((error.filename, error.lineno))
    return frames
