"""What a run may write to at all. Checked before anything is sent."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from meshctl.errors import GuardError, Where

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.config import Config

NEVER_OURS = ("default", "istio-system", "kube-*")


def guard(config: Config, cluster: Cluster, *, context_named: bool, yes: bool) -> None:
    """Raises GuardError for a cluster or a namespace that is not meant for this.

    `context_named` says that `--context` named the cluster, `yes` that `--yes` confirmed it.
    """
    guard_namespace(config)
    guard_context(config, cluster, context_named=context_named, yes=yes)


def guard_namespace(config: Config) -> None:
    if is_never_ours(config.namespace):
        raise GuardError(
            f"{config.namespace} is no developer's namespace",
            code="GuardedNamespace",
            where=_named_at(config),
            suggestion="set `namespace` in the project file, or take another one with -n",
        )


def _named_at(config: Config) -> Where | None:
    """Where a file names the namespace that is used; nowhere, if the command line does or nobody."""
    places = {origin.path: origin.where for origin in config.origins if origin.in_force}
    return next((places[path] for path in ("namespace", "vars.namespace") if path in places), None)


def is_never_ours(namespace: str) -> bool:
    return any(fnmatchcase(namespace, pattern) for pattern in NEVER_OURS)


def guard_context(config: Config, cluster: Cluster, *, context_named: bool, yes: bool) -> None:
    """A cluster on this machine passes; any other has to be allowed, or be named and confirmed."""
    target = cluster.target
    allowed = any(fnmatchcase(target.context, pattern) for pattern in config.cluster.allow_contexts)
    if target.local or allowed or (context_named and yes):
        return
    raise GuardError(
        f"context {target.context} ({target.server}) is not among the clusters that this project may write to",
        code="GuardedContext",
        where=config.where("cluster", "allow_contexts"),
        suggestion=f"add it to `cluster.allow_contexts`, or say --context {target.context} --yes for once",
    )
