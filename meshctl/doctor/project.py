"""The project: its file, its templates, and what must not get into git."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meshctl.config.project import NO_PROJECT
from meshctl.doctor.finding import Finding, Look, State, each, told
from meshctl.errors import MeshctlError

if TYPE_CHECKING:
    from meshctl.config import Config, Project
    from meshctl.render import Attempt

AREA = "project"
CHECK = "`meshctl check` shows all of them with their lines"
SHOWN = 5  # problems of a stage
_PATIENCE = 3.0  # seconds for git to answer


@dataclass(frozen=True)
class Workplace:
    """What there is of a project. `fault` is what kept it from being found or loaded; `exposed` says that git would
    take the developer's own settings."""

    project: Project | None = None
    config: Config | None = None
    fault: MeshctlError | None = None
    attempt: Attempt | None = None
    exposed: bool = False


def look(find: Callable[[], Project], load: Callable[[], Config], environ: Mapping[str, str]) -> Workplace:
    """As far as one gets."""
    try:
        project = find()
    except MeshctlError as fault:
        return Workplace(fault=fault)
    exposed = _exposed(project)
    try:
        config = load()
        return Workplace(project, config, None, _attempt(config, environ), exposed)
    except MeshctlError as fault:
        return Workplace(project, None, fault, None, exposed)


def _attempt(config: Config, environ: Mapping[str, str]) -> Attempt:
    """Every service: what is missing in a cluster may be missing for any. Raises ConfigError for cycles."""
    from meshctl import plan, render

    return render.attempt(plan.whole(config), environ=environ)


def _exposed(project: Project) -> bool:
    """Without git, or outside of a repository, nobody can commit it."""
    local, git = project.local_file, shutil.which("git")
    if git is None or local is None or not local.exists():
        return False
    command = [git, "-C", str(project.root), "check-ignore", "--quiet", str(local)]
    try:
        asked = subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 1  # 128: no repository


def found(place: Workplace) -> Iterator[Finding]:
    """Looking at a cluster needs no project, so its absence alone is no failure."""
    if place.project is not None:
        environment = f", environment {place.project.environment}" if place.project.environment else ""
        message = f"{place.project.shown(place.project.file)} in {place.project.root}{environment}"
        yield Finding(AREA, "found", "ok", message)
    elif place.fault is not None:
        state: State = "warn" if place.fault.code == NO_PROJECT else "fail"
        yield Finding(AREA, "found", state, place.fault.message, place.fault.suggestion)


def loads(place: Workplace) -> Iterator[Finding]:
    if place.config is not None:
        message = f"project {place.config.project}, services: {len(place.config.services)}"
        yield Finding(AREA, "config", "ok", message)
    elif place.project is not None and place.fault is not None:
        yield from _problems("config", each(place.fault))


def renders(place: Workplace) -> Iterator[Finding]:
    if place.attempt is None:
        return
    if place.attempt.errors:
        yield from _problems("templates", place.attempt.errors)
        return
    yield Finding(AREA, "templates", "ok", f"they render, objects: {len(place.attempt.bundle)}")


def own_settings(place: Workplace) -> Iterator[Finding]:
    if place.project is None or not place.exposed or place.project.local_file is None:
        return
    name = place.project.shown(place.project.local_file)
    message = f"{name} holds your own settings, and git does not ignore it"
    yield Finding(AREA, "local file", "warn", message, "add *.local.yaml to .gitignore")


def _problems(name: str, errors: tuple[MeshctlError, ...]) -> Iterator[Finding]:
    for error in errors[:SHOWN]:
        yield Finding(AREA, name, "fail", told(error), error.suggestion or CHECK)
    if len(errors) > SHOWN:
        yield Finding(AREA, name, "fail", f"{len(errors) - SHOWN} more problems", CHECK)


FINDINGS: tuple[Look[Workplace], ...] = (found, loads, renders, own_settings)
