"""A real Kubernetes control plane on this machine, for trying things and for tests.

etcd, kube-apiserver, kube-controller-manager, kube-scheduler and KWOK, which plays the node: its pods become ready,
fail and log as told, but nothing runs inside them. docs/sandbox.md tells how to use it.

Importing this module costs next to nothing, because finding a cluster asks it at every start of meshctl.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_NAME = "meshctl"
CONTEXT = "meshctl-sandbox"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")


@dataclass(frozen=True)
class Progress:
    """What is being done, one line each; `done` of `total` counts packages while the control plane is built."""

    step: str
    message: str
    done: int = 0
    total: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Status:
    """`programs` maps each program to running, unhealthy (alive, but it does not answer), dead or stopped."""

    name: str
    running: bool
    kubeconfig: str
    context: str
    server: str
    version: str
    programs: Mapping[str, str]
    pids: Mapping[str, int] = field(default_factory=dict)
    state_folder: str = ""
    log_folder: str = ""
    source: str = ""
    istio_crds: bool = False
    memory: Mapping[str, int] = field(default_factory=dict)


def context_name(name: str = DEFAULT_NAME) -> str:
    return CONTEXT if name == DEFAULT_NAME else f"{CONTEXT}-{name}"


def up(name: str = DEFAULT_NAME, *, assets: Path | None = None, merge_kubeconfig: bool = False) -> Iterator[Progress]:
    """Starts the sandbox, or what is missing of it; ends when a pod could be made.

    Closing the iterator, or an exception thrown into it, stops what this call had started. Raises SandboxError.
    """
    from meshctl.sandbox.start import bring_up

    return bring_up(name, assets=assets, merge_kubeconfig=merge_kubeconfig)


def down(name: str = DEFAULT_NAME) -> Iterator[Progress]:
    """Stops the sandbox and removes all of it but the built programs; one that is not there is none to stop."""
    from meshctl.sandbox.stop import bring_down

    return bring_down(name)


def build(assets: Path | None = None) -> Iterator[Progress]:
    """Builds the control plane into the cache, unless it is there already."""
    from meshctl.sandbox.program import find_programs

    return find_programs(assets)


def obstacle() -> str:
    """Why `up` could find no programs, "" if it could."""
    from meshctl.sandbox import program

    return program.obstacle()


def status(name: str = DEFAULT_NAME) -> Status:
    from meshctl.sandbox.state import read_status

    return read_status(name)


def logs(
    name: str = DEFAULT_NAME, program: str | None = None, follow: bool = False, tail: int | None = None
) -> Iterator[tuple[str, str]]:
    """(program, line) pairs of the sandbox's own programs, all of them unless one is named."""
    from meshctl.sandbox.tail import read_logs

    return read_logs(name, program, follow=follow, tail=tail)


def running_kubeconfig(name: str = DEFAULT_NAME) -> Path | None:
    """The kubeconfig of a sandbox whose API server accepts connections: no process is started, no TLS spoken."""
    from meshctl.sandbox.folders import Folders, accepts_connections

    folders = Folders(name)
    record = folders.read_record()
    if record is None or not folders.kubeconfig.exists():
        return None
    return folders.kubeconfig if accepts_connections(record.ports["kube-apiserver"]) else None
