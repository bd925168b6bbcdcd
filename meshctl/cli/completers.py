"""Live names for the shell: services, groups and environments of the project, contexts, namespaces.

They read what a Tab may wait for, a file or two; only namespaces ask the cluster. `ctx` is the name by which Typer
knows the parameter that is to get its context.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from meshctl.config import Config, Project

Completer = Callable[[typer.Context, str], list[str]]
_PATIENCE = 2.0
"""Seconds that a Tab waits for a cluster."""


def of_option(name: str, forms: Iterable[str]) -> Completer | None:
    """What completes a global option; None for those that take a path or anything."""
    if name == "output":
        return choices(*forms)
    return _OF_OPTION.get(name)


def choices(*words: str) -> Completer:
    return lambda ctx, incomplete: _starting(words, incomplete)  # noqa: ARG005


def services(ctx: typer.Context, incomplete: str) -> list[str]:
    return _starting(_config(ctx).services, incomplete)


def groups(ctx: typer.Context, incomplete: str) -> list[str]:
    """Behind a comma, the next group."""
    before, comma, last = incomplete.rpartition(",")
    return [before + comma + name for name in _starting(_config(ctx).groups, last)]


def environments(ctx: typer.Context, incomplete: str) -> list[str]:
    from meshctl import config

    return _starting(config.environments(config.find_root(_path(ctx, "directory"), Path.cwd())), incomplete)


def contexts(ctx: typer.Context, incomplete: str) -> list[str]:
    from meshctl import cluster, sandbox

    found = cluster.contexts(
        kubeconfig=_path(ctx, "kubeconfig"), sandbox_kubeconfig=sandbox.running_kubeconfig(), environ=os.environ
    )
    return _starting(found, incomplete)


def namespaces(ctx: typer.Context, incomplete: str) -> list[str]:
    from meshctl import cluster, sandbox

    connected = cluster.connect(
        context=ctx.params.get("context"),
        kubeconfig=_path(ctx, "kubeconfig"),
        sandbox_kubeconfig=sandbox.running_kubeconfig(),
        environ=os.environ,
        timeout=_PATIENCE,
    )
    found = connected.list("v1", "Namespace").items
    return _starting((body["metadata"]["name"] for body in found), incomplete)


def sandbox_programs(ctx: typer.Context, incomplete: str) -> list[str]:  # noqa: ARG001
    from meshctl import sandbox

    return _starting(sandbox.PROGRAMS, incomplete)


_OF_OPTION: dict[str, Completer] = {
    "env": environments,
    "namespace": namespaces,
    "context": contexts,
    "color": choices("auto", "always", "never"),
}


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _config(ctx: typer.Context) -> Config:
    from meshctl import config

    return config.load(_project(ctx), environ=os.environ, cwd=Path.cwd(), decrypt=False)


def _project(ctx: typer.Context) -> Project:
    from meshctl import config

    return config.find_project(
        directory=_path(ctx, "directory"),
        environment=ctx.params.get("env"),
        file=_path(ctx, "file"),
        environ=os.environ,
        cwd=Path.cwd(),
    )


def _path(ctx: typer.Context, option: str) -> Path | None:
    """Typer makes paths of texts only when it calls the command."""
    text = ctx.params.get(option)
    return Path(text).expanduser() if text else None
