"""What `meshctl init` writes: a project that starts at once on the sandbox."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from meshctl import __version__
from meshctl.config import dns_label
from meshctl.config.schema import SCHEMA
from meshctl.errors import UsageError

HERE = Path(__file__).parent
LIBRARY = Path("templates", "_lib")
SHARED_WITH_OTHERS = frozenset({Path(".gitignore"), Path("README.md")})


def create(folder: Path, project: str | None = None) -> list[Path]:
    """Writes a new project and returns its files, relative to `folder`, in their order of name.

    A .gitignore or README.md that is there already stays as it is and is left out of the list, as a repository often
    has them before it has a project; any other file that is there raises UsageError before anything is written.
    """
    return create_files(folder, dict(contents(dns_label(project or folder.resolve().name))))


def create_files(folder: Path, files: Mapping[Path, str]) -> list[Path]:
    """Writes files that are given by relative path, with the same care as `create`."""
    refuse_overwriting(folder, files)
    wanted = sorted(file for file in files if not os.path.lexists(folder / file))
    for file in wanted:
        write(folder / file, files[file])
    return wanted


def contents(project: str) -> Iterator[tuple[Path, str]]:
    """Every file of a new project by its relative path."""
    template = HERE / "project"
    for source in template.rglob("*"):
        if source.is_file():
            target = Path(*map(written_name, source.relative_to(template).parts))
            yield target, _filled(source.read_text("utf-8"), project)
    for partial in library().glob("*.j2"):
        yield LIBRARY / partial.name, partial.read_text("utf-8")
    yield Path(".meshctl", "config.schema.json"), SCHEMA.read_text("utf-8")


def _filled(text: str, project: str) -> str:
    return text.replace("PROJECT", project).replace("MESHCTL_VERSION", __version__)


def written_name(part: str) -> str:
    """Stored names begin with `dot-` where written ones have a dot, as git and builds would mind them in here."""
    return f".{part.removeprefix('dot-')}" if part.startswith("dot-") else part


def library() -> Path:
    """The macros: the wheel carries a copy in this package; a checkout has them among its own templates."""
    packaged = HERE / LIBRARY
    return packaged if packaged.is_dir() else HERE.parents[1] / LIBRARY


def refuse_overwriting(folder: Path, files: Iterable[Path]) -> None:
    taken = sorted(str(file) for file in files if file not in SHARED_WITH_OTHERS and os.path.lexists(folder / file))
    if taken:
        raise UsageError(
            f"{', '.join(taken)} would be overwritten",
            suggestion="name a folder that has no project yet",
        )


def write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from error
