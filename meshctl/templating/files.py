"""Templates in files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from jinja2 import BaseLoader, Environment, FileSystemBytecodeCache
from jinja2.exceptions import TemplateNotFound, TemplateSyntaxError

from meshctl import yamlio
from meshctl.errors import MeshctlError, TemplateError, Where, did_you_mean
from meshctl.templating.jinja import LARGEST_TEXT, Dialect, fault


def environment(search_path: Sequence[Path], root: Path, cache: Path | None) -> Environment:
    return Dialect(
        loader=ProjectLoader(search_path, root),
        bytecode_cache=_bytecode_cache(cache) if cache else None,
        cache_size=-1,
        auto_reload=False,
    )


def _bytecode_cache(folder: Path) -> FileSystemBytecodeCache | None:
    """Whoever can write there can run code as us, so it is for its owner alone; no cache where there can be none."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return FileSystemBytecodeCache(str(folder))


class ProjectLoader(BaseLoader):
    """Finds templates in the search path, first folder first, and never outside of the project."""

    def __init__(self, search_path: Sequence[Path], root: Path) -> None:
        self.search_path = tuple(search_path)
        self.root = root

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:  # noqa: ARG002 - Jinja's signature
        name = PurePosixPath(template)
        if name.is_absolute() or ".." in name.parts:
            raise _outside(template)
        for path in (folder / name for folder in self.search_path):
            if path.is_file():
                if not path.resolve().is_relative_to(self.root.resolve()):
                    raise _outside(template)
                return yamlio.read_text(path, self.shown(path)), str(path), None
        raise TemplateNotFound(template)

    def list_templates(self) -> list[str]:
        return sorted(
            path.relative_to(folder).as_posix()
            for folder in self.search_path
            for path in folder.rglob("*")
            if path.is_file()
        )

    def shown(self, path: Path) -> str:
        """The file's name in messages: relative to the project."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


def _outside(template: str) -> TemplateError:
    return TemplateError(f"{template} is outside of the project", code="MSH104")


def render(environment: Environment, name: str, variables: Mapping[str, Any]) -> str:
    try:
        return _limited(environment.get_template(name).generate(variables))
    except Exception as error:
        raise _placed(error, environment, name, variables) from error


def _limited(pieces: Iterable[str]) -> str:
    found: list[str] = []
    size = 0
    for piece in pieces:
        found.append(piece)
        size += len(piece)
        if size > LARGEST_TEXT:
            raise TemplateError(f"renders to more than {LARGEST_TEXT // 2**20} MB", code="MSH114")
    return "".join(found)


def _placed(error: Exception, environment: Environment, name: str, variables: Mapping[str, Any]) -> MeshctlError:
    loader = environment.loader
    known = fault(error, variables)
    if known.where or not isinstance(loader, ProjectLoader):
        return known
    if isinstance(error, TemplateNotFound):
        known = _not_found(error, loader)
    file, line = _frame(error) or (None, 0)
    path = Path(file) if file else next((folder / name for folder in loader.search_path), Path(name))
    known.where = Where(loader.shown(path), line)
    return known


def _not_found(error: TemplateNotFound, loader: ProjectLoader) -> TemplateError:
    advice = did_you_mean(str(error.name), loader.list_templates())
    return TemplateError(f"there is no template {error.name}", code="MSH101", suggestion=advice)


def _frame(error: Exception) -> tuple[str, int] | None:
    """The innermost template, and its line, that the error came through."""
    if isinstance(error, TemplateSyntaxError):
        return (error.filename, error.lineno) if error.filename else None
    found = None
    traceback = error.__traceback__
    while traceback:
        if "__jinja_exception__" in traceback.tb_frame.f_globals:
            found = (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
        traceback = traceback.tb_next
    return found
