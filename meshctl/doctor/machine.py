"""The program itself and what it finds on this machine."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from meshctl import __version__, cache
from meshctl.doctor.finding import Finding, Look

AREA = "program"
TOOLS = {"kubectl": "only suggestions name it", "sops": "only variables that it encrypted need it"}
"""Programs that others may have to bring, and who misses one that is not there."""


@dataclass(frozen=True)
class Machine:
    """`tools` maps each to where it is, empty when it is not on PATH."""

    tools: Mapping[str, str]
    cache: Path
    cache_writable: bool


def look(environ: Mapping[str, str]) -> Machine:
    folder = cache.home(environ)
    found = {tool: shutil.which(tool, path=environ.get("PATH", os.defpath)) or "" for tool in TOOLS}
    return Machine(found, folder, _writable(folder))


def _writable(folder: Path) -> bool:
    """Where the folder is not there yet: whether it could be made."""
    nearest = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def version(_: Machine) -> Iterator[Finding]:
    message = f"meshctl {__version__}, Python {platform.python_version()}, {sys.platform}"
    yield Finding(AREA, "version", "ok", message)


def cached(machine: Machine) -> Iterator[Finding]:
    """Without it everything works, and takes longer."""
    if machine.cache_writable:
        yield Finding(AREA, "cache", "ok", str(machine.cache))
        return
    message = f"{machine.cache} cannot be written, so every call takes longer"
    yield Finding(AREA, "cache", "warn", message, "let MESHCTL_CACHE_HOME name a folder that can be")


def tools(machine: Machine) -> Iterator[Finding]:
    """A project that needs one that is missing cannot be loaded, and says so itself."""
    for tool, path in machine.tools.items():
        yield Finding(AREA, tool, "ok", path or f"not on PATH; {TOOLS[tool]}")


FINDINGS: tuple[Look[Machine], ...] = (version, cached, tools)
