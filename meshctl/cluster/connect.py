"""Which cluster is meant, and a client that talks to it.

The order: --kubeconfig or --context; the files of KUBECONFIG; a running sandbox; ~/.kube/config; the account of the pod
that we run in. A KUBECONFIG whose files are all missing never falls through to ~/.kube/config: that would be another
cluster than the one that was meant.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from meshctl import cache
from meshctl.cluster.client import Cluster
from meshctl.cluster.kubeconfig import Context, Kubeconfig, load
from meshctl.cluster.target import Target, is_local
from meshctl.errors import MeshctlError, Unreachable, UsageError

IN_CLUSTER = "in-cluster"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True)
class _Source:
    """Where kubeconfigs may be. `named` by the user: then they must be there, and have a context."""

    name: str
    files: tuple[Path, ...]
    named: bool = False


def connect(
    *,
    context: str | None = None,
    kubeconfig: Path | None = None,
    sandbox_kubeconfig: Path | None = None,
    environ: Mapping[str, str],
    pool: int = 32,
    timeout: float = 10,
) -> Cluster:
    """A client of the chosen cluster; nothing is sent yet. `timeout` is in seconds, for a connection and for an answer.

    Raises UsageError, YamlError, Unauthorized (the credentials cannot be used), Unreachable (no cluster is configured).
    """
    from meshctl.cluster import credentials
    from meshctl.cluster.transport import Transport

    sources = _sources(kubeconfig, sandbox_kubeconfig, environ)
    if chosen := _choose(sources, context):
        target = _target(*chosen, asked=bool(context) and not kubeconfig)
        login = credentials.of_context(chosen[1])
    else:
        _check_pod(context, sources, environ)
        login = credentials.of_pod(environ, SERVICE_ACCOUNT)
        target = Target(IN_CLUSTER, login.server, _pod_namespace(), "", IN_CLUSTER, local=False)
    transport = Transport(login, target, pool=pool, timeout=timeout)
    return Cluster(target, transport, cache=cache.home(environ) / "discovery")


def contexts(
    *, kubeconfig: Path | None = None, sandbox_kubeconfig: Path | None = None, environ: Mapping[str, str]
) -> list[str]:
    """The names that `connect` knows, for completion: without a word about files that cannot be read."""
    names: set[str] = set()
    for source in _sources(kubeconfig, sandbox_kubeconfig, environ):
        try:
            names.update(load(source.files).contexts)
        except MeshctlError:
            continue
    return sorted(names)


def _sources(kubeconfig: Path | None, sandbox: Path | None, environ: Mapping[str, str]) -> list[_Source]:
    if kubeconfig:
        return [_Source("--kubeconfig", (kubeconfig,), named=True)]
    listed = tuple(Path(part).expanduser() for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part)
    own = _Source("sandbox", (sandbox,) if sandbox else ())
    if listed:
        return [_Source("KUBECONFIG", listed, named=True), own]
    home = Path(environ.get("HOME") or "~").expanduser()
    return [own, _Source("~/.kube/config", (home / ".kube" / "config",))]


def _choose(sources: list[_Source], wanted: str | None) -> tuple[_Source, Context] | None:
    """The first source that has the context, or that has a current one."""
    for source in sources:
        kubeconfig = load(source.files)
        name = wanted or kubeconfig.current
        if name in kubeconfig.contexts:
            return source, kubeconfig.context(name)
        if not wanted and kubeconfig.contexts:
            raise _no_current(source, kubeconfig)
    named = next((source for source in sources if source.named), None)
    if named and (named.name == "--kubeconfig" or not wanted):
        _check_files(named, wanted)
    return None


def _check_files(source: _Source, wanted: str | None) -> None:
    """Raises what is wrong with files that the user named and that gave no context."""
    missing = [str(file) for file in source.files if not file.exists()]
    if missing:
        verb = "does" if len(missing) == 1 else "do"
        raise UsageError(f"{source.name} names {', '.join(missing)}, which {verb} not exist")
    if not wanted:
        raise UsageError(f"{', '.join(map(str, source.files))} ({source.name}) has no contexts")


def _check_pod(context: str | None, sources: list[_Source], environ: Mapping[str, str]) -> None:
    """Raises what is wrong when we do not run in a pod either."""
    if context and context != IN_CLUSTER:
        raise _unknown(context, sources)
    if not environ.get("KUBERNETES_SERVICE_HOST"):
        raise Unreachable(
            "no cluster is configured",
            code="NoCluster",
            suggestion="`meshctl sandbox up` starts one on this machine; --kubeconfig or KUBECONFIG names another",
        )


def _no_current(source: _Source, kubeconfig: Kubeconfig) -> UsageError:
    known = ", ".join(sorted(kubeconfig.contexts))
    if kubeconfig.current:
        problem = f"the current context of {source.name}, {kubeconfig.current}, is not among its contexts"
    else:
        problem = f"{source.name} has no current context"
    return UsageError(problem, suggestion=f"name one with --context: {known}")


def _unknown(context: str, sources: list[_Source]) -> UsageError:
    known = sorted({name for source in sources for name in load(source.files).contexts})
    near = difflib.get_close_matches(context, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"contexts: {', '.join(known) or 'none'}"
    return UsageError(f"there is no context {context}", suggestion=hint)


def _target(source: _Source, context: Context, *, asked: bool) -> Target:
    return Target(
        context=context.name,
        server=context.server,
        namespace=context.namespace,
        kubeconfig=context.cluster.document.file,
        source="--context" if asked else source.name,
        local=source.name == "sandbox" or is_local(context.name, context.server),
    )


def _pod_namespace() -> str:
    file = SERVICE_ACCOUNT / "namespace"
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""
