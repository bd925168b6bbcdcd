"""Where the five programs come from: a folder of assets, the cache, or a build with Go."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from meshctl.errors import SandboxError
from meshctl.sandbox import PROGRAMS, Progress
from meshctl.sandbox.go_build import build_control_plane, built, find_go

ASSETS_VARIABLE = "KUBEBUILDER_ASSETS"


@dataclass(frozen=True)
class Programs:
    """`commands` has the beginning of each program's command line; `istio_crds` is "" where there is no such file."""

    commands: dict[str, list[str]]
    source: str
    istio_crds: str


def find_programs(assets: Path | None = None) -> Generator[Progress, None, Programs]:
    """Says in one line each what was looked at. An incomplete folder is an error only when it was asked for."""
    if assets is not None:
        if missing := _missing(assets):
            raise SandboxError(
                f"{assets} has no {' and no '.join(missing)}",
                suggestion="kwok may also be on PATH; the others must be there",
            )
        yield Progress("programs", f"using the programs in {assets}")
        return _from_assets(assets)
    if variable := os.environ.get(ASSETS_VARIABLE):
        if not (missing := _missing(Path(variable))):
            yield Progress("programs", f"using the programs in {variable} ({ASSETS_VARIABLE})")
            return _from_assets(Path(variable))
        yield Progress("programs", f"{ASSETS_VARIABLE}={variable} has no {', '.join(missing)}: not used")
    if (folder := built()) is not None:
        yield Progress("programs", f"using the control plane built before, in {folder}")
        return _from_build(folder)
    go = find_go()
    if go.path is None:
        raise SandboxError(
            f"there is no control plane to run: no --assets, no complete {ASSETS_VARIABLE}, none built before,"
            f" and no Go to build one ({go.why_not})",
            suggestion="install Go 1.26 or newer, or `pip install 'meshctl[sandbox]'`, which brings it",
        )
    yield Progress("programs", f"building the control plane once, with {go.version} of {go.path}; this takes minutes")
    return _from_build((yield from build_control_plane(go.path)))


def obstacle() -> str:
    """Why no control plane could be brought up, "" if one could. Nothing is built."""
    assets = os.environ.get(ASSETS_VARIABLE)
    if built() is not None or (assets and not _missing(Path(assets))):
        return ""
    go = find_go()
    return "" if go.path else f"no Go to build it ({go.why_not})"


def _missing(assets: Path) -> list[str]:
    return [program for program in PROGRAMS if _executable(assets, program) is None]


def _executable(assets: Path, program: str) -> str | None:
    """envtest's folders have no KWOK, so that one may be on PATH."""
    found = shutil.which(str(assets.absolute() / program))
    return found or (shutil.which(program) if program == "kwok" else None)


def _from_assets(assets: Path) -> Programs:
    """Istio's CRDs are part of a build only; one that was made before has them."""
    commands = {program: [_executable(assets, program) or program] for program in PROGRAMS}
    folder = built()
    return Programs(commands, str(assets), str(folder / "istio-crds.yaml") if folder else "")


def _from_build(folder: Path) -> Programs:
    binary = str(folder / "control-plane")
    return Programs({program: [binary, program] for program in PROGRAMS}, str(folder), str(folder / "istio-crds.yaml"))
