"""Which project, which environment, which file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshctl.errors import UsageError, did_you_mean

FOLDER = "configs"
DEFAULT_ENVIRONMENT = "dev"
NO_PROJECT = "NoProject"
_LOCAL = ".local.yaml"
_LONGEST_NAME, _LONGEST_PATH = 255, 4000  # bytes


@dataclass(frozen=True)
class Project:
    """`environment` is "dev" for configs/dev.yaml and empty for a file that was named by -f."""

    root: Path
    file: Path
    environment: str

    @property
    def local_file(self) -> Path | None:
        """A developer's own settings, not in git."""
        return self.file.with_name(self.environment + _LOCAL) if self.environment else None

    def shown(self, path: Path) -> str:
        """A file's name in messages: relative to the project, if it is in there."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


def impossible_path(path: str) -> str:
    """Why no file can have this name, "" if one can: the operating system would only raise."""
    if "\0" in path:
        return "has a NUL in it"
    if len(os.fsencode(path)) > _LONGEST_PATH or any(
        len(os.fsencode(part)) > _LONGEST_NAME for part in path.split("/")
    ):
        return "is longer than a file's name may be"
    return ""


def environments(root: Path) -> list[str]:
    """The names under configs/, sorted; `*.local.yaml` is no environment."""
    files = (root / FOLDER).glob("*.yaml")
    return sorted(file.stem for file in files if not file.name.endswith(_LOCAL) and file.is_file())


def find_project(
    *,
    directory: Path | None,
    environment: str | None,
    file: Path | None,
    environ: Mapping[str, str],
    cwd: Path,
) -> Project:
    """The project of `-C`, `-e` and `-f`. Raises UsageError, with the environments that there are."""
    root = find_root(directory, cwd)
    if file is not None:
        if environment:
            raise UsageError("-e/--env and -f/--file exclude each other")
        return Project(root, _named_file(cwd / file), "")
    known = environments(root)
    name = chosen_environment(known, environment, environ)
    if not name:
        raise _unclear(root, known)
    if name not in known:
        has = f"{root / FOLDER} has {', '.join(known) or 'none'}"
        raise UsageError(f"there is no environment {name}: {has}", suggestion=did_you_mean(name, known))
    return Project(root, root / FOLDER / f"{name}.yaml", name)


def find_root(directory: Path | None, cwd: Path) -> Path:
    """`-C`, else the nearest folder upwards that has configs/, else the current one."""
    if directory is not None:
        root = cwd / directory
        if not root.is_dir():
            raise UsageError(f"there is no folder {directory}")
        return root.resolve()
    cwd = cwd.resolve()
    return next((folder for folder in (cwd, *cwd.parents) if (folder / FOLDER).is_dir()), cwd)


def _named_file(file: Path) -> Path:
    if not file.exists():
        near = did_you_mean(file.name, (other.name for other in file.parent.glob("*.y*ml")))
        raise UsageError(f"there is no file {file}", suggestion=near)
    return Path(os.path.normpath(file))


def chosen_environment(known: Sequence[str], named: str | None, environ: Mapping[str, str]) -> str:
    """The one that is named, else dev, else the only one; empty where that is a question."""
    only = known[0] if len(known) == 1 else ""
    return named or environ.get("MESHCTL_ENV") or (DEFAULT_ENVIRONMENT if DEFAULT_ENVIRONMENT in known else only)


def _unclear(root: Path, known: Sequence[str]) -> UsageError:
    if known:
        return UsageError(f"which environment: {', '.join(known)}?", suggestion="name one with -e")
    return UsageError(f"{root} has no {FOLDER}/*.yaml", code=NO_PROJECT, suggestion="meshctl init makes a project")
