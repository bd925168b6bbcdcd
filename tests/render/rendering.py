"""Projects on the disk for tests of render, written as {path: text}."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from meshctl import config, render
from meshctl.config import Config
from meshctl.errors import MeshctlError, Problems
from meshctl.manifest import Bundle
from meshctl.plan import Plan, Selection, select

CONFIG = "project: shop\nnamespace: dev-anna\nservice: [web]\n"


def config_map(name: str = "web", **data: str) -> str:
    """A ConfigMap in six lines and one for each entry."""
    entries = "".join(f"  {key}: {value}\n" for key, value in data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n{entries or '  key: value'}\n"


def write(root: Path, files: Mapping[str, str]) -> None:
    """The files, and a project file unless there is one."""
    default = {} if (root / "configs/dev.yaml").exists() else {"configs/dev.yaml": CONFIG}
    for name, text in {**default, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def load(root: Path) -> Config:
    project = config.find_project(directory=root, environment="dev", file=None, environ={}, cwd=root)
    return config.load(project, environ={"USER": "anna"}, cwd=root)


def plan_of(root: Path, *names: str, closure: bool = True) -> Plan:
    return select(load(root), Selection(names), closure=closure)


def rendered(root: Path, files: Mapping[str, str], *names: str, closure: bool = True, **environ: str) -> Bundle:
    """The bundle of the named services, of all if none is named; the cache is beside the templates."""
    write(root, files)
    return render.render(plan_of(root, *names, closure=closure), environ=environ, cache=root / ".cache")


def problems(root: Path, files: Mapping[str, str]) -> list[str]:
    """Each problem as `code place: message (suggestion)`."""
    try:
        rendered(root, files)
    except MeshctlError as error:
        return [f"{each.code} {each}" for each in (error.errors if isinstance(error, Problems) else (error,))]
    return []
