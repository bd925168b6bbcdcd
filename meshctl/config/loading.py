"""From a project to its configuration: read the layers, check their shape and their sense, resolve, build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from meshctl import yamlio
from meshctl.config import rules
from meshctl.config.assignments import Assignment
from meshctl.config.building import build
from meshctl.config.layers import Layers
from meshctl.config.model import Config
from meshctl.config.project import Project
from meshctl.config.resolution import resolve
from meshctl.config.schema import shape_errors
from meshctl.config.secrets import hide_in_error, written_secrets
from meshctl.config.settings import Setting, without
from meshctl.config.sources import Sources, decrypted, encrypted
from meshctl.errors import MeshctlError, raise_all


def load(
    project: Project,
    *,
    assignments: Sequence[Assignment] = (),
    environ: Mapping[str, str],
    namespace: str | None = None,
    cwd: Path,
    decrypt: bool = True,
) -> Config:
    """The configuration of a project. Raises ConfigError, YamlError, UsageError or, for several faults, Problems.

    `namespace` is the command line's, or that of MESHCTL_NAMESPACE. Without `decrypt`, which may take long and ask for
    a passphrase, variables of SOPS have their encrypted values.
    """
    layers = Layers(project, Sources(environ, decrypted if decrypt else encrypted))
    try:
        merged = layers.read(assignments, cwd)
        raise_all(rules.required_version(merged))
        root, problems = _well_formed(merged, project)
        resolution = resolve(root, project, environ, namespace)
        raise_all(sorted([*layers.problems, *problems, *resolution.problems], key=_place))
    except MeshctlError as error:
        error.cautions = tuple(layers.cautions)
        hide_in_error(error, written_secrets(layers.root))
        raise
    return build(project, root, resolution, [*layers.cautions, *rules.needless_skips(root)])


def _well_formed(merged: Setting, project: Project) -> tuple[Setting, list[MeshctlError]]:
    """The tree without what has the wrong shape, so that the rest can be judged too, and all that is wrong with it.

    Without a list of services to compare with, names of services are not judged.
    """
    misshapen = dict(shape_errors(merged))
    root = merged
    for path in sorted(misshapen, key=_last_first, reverse=True):
        root = without(root, path)
    problems: list[MeshctlError] = list(misshapen.values())
    services_known = not any(path[0] == "service" and len(path) <= 2 for path in misshapen)
    return root, problems + list(rules.problems(root, project.root, services_known=services_known))


def _last_first(path: yamlio.Path) -> list[tuple[str, int]]:
    """Items of a list are taken out from its end, so that the indices of the others stay."""
    return [(step, 0) if isinstance(step, str) else ("", step) for step in path]


def _place(error: MeshctlError) -> tuple[str, int, int]:
    return (error.where.file, error.where.line, error.where.column) if error.where else ("", 0, 0)
