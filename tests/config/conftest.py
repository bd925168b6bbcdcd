"""Projects of one or several files, loaded as a command would."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from meshctl import config
from meshctl.config import Assignment, Config

Load = Callable[..., Config]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project, `shop`."""
    root = tmp_path / "shop"
    (root / "configs").mkdir(parents=True)
    return root


@pytest.fixture
def load(project: Path) -> Load:
    """Writes configs/dev.yaml, and other files of the project, and loads it for Anna."""

    def loaded(
        text: str = "",
        files: Mapping[str, str] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        assignments: Sequence[Assignment] = (),
        namespace: str | None = None,
    ) -> Config:
        for file, content in {"configs/dev.yaml": text, **(files or {})}.items():
            path = project / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        environ = {"USER": "anna", **(environ or {})}
        found = config.find_project(directory=project, environment="dev", file=None, environ=environ, cwd=project)
        return config.load(found, assignments=assignments, environ=environ, namespace=namespace, cwd=project)

    return loaded
