"""What runs of a sandbox, and how well."""

from __future__ import annotations

import json
import os

from meshctl.errors import SandboxError
from meshctl.sandbox import PROGRAMS, Status, context_name
from meshctl.sandbox.api import Client
from meshctl.sandbox.control_plane import HEALTH_PATHS
from meshctl.sandbox.folders import Folders, Record
from meshctl.sandbox.processes import resident_bytes, running_pid

CHECK_SECONDS = 3.0


def program_state(folders: Folders, record: Record, program: str) -> str:
    """running, unhealthy (alive, but it does not answer as it should), dead or stopped."""
    if running_pid(folders, program) is None:
        return "dead" if folders.pid_file(program).exists() else "stopped"
    return "running" if is_healthy(folders, record, program) else "unhealthy"


def is_healthy(folders: Folders, record: Record, program: str) -> bool:
    with Client(folders, record.ports[program], CHECK_SECONDS) as client:
        return client.healthy(HEALTH_PATHS[program])


def read_status(name: str) -> Status:
    folders = Folders(name)
    record = folders.read_record()
    if record is None or not folders.kubeconfig.exists():
        return Status(
            name,
            running=False,
            kubeconfig="",
            context=context_name(name),
            server="",
            version="",
            programs=dict.fromkeys(PROGRAMS, "stopped"),
        )
    programs = {program: program_state(folders, record, program) for program in PROGRAMS}
    found = {program: running_pid(folders, program) for program in PROGRAMS}
    pids = {program: pid for program, pid in found.items() if pid is not None}
    return Status(
        name,
        running=all(state == "running" for state in programs.values()),
        kubeconfig=str(folders.kubeconfig),
        context=context_name(name),
        server=f"https://127.0.0.1:{record.ports['kube-apiserver']}",
        version=_version(folders, record) if programs["kube-apiserver"] == "running" else "",
        programs=programs,
        pids=pids,
        state_folder=str(folders.root),
        log_folder=str(folders.logs),
        source=record.source,
        istio_crds=bool(record.istio_crds),
        memory={program: resident_bytes(pid) for program, pid in pids.items()},
    )


def _version(folders: Folders, record: Record) -> str:
    with Client(folders, record.ports["kube-apiserver"], CHECK_SECONDS) as client:
        status, text = client.request("GET", "/version")
    return str(json.loads(text)["gitVersion"]) if status == 200 else ""


def last_lines(folders: Folders, program: str, count: int = 6, since: int = 0) -> list[str]:
    """The end of a program's own log; `since` is the size that it had before."""
    try:
        with folders.log(program).open("rb") as stream:
            stream.seek(max(since, os.fstat(stream.fileno()).st_size - 20_000))
            return stream.read().decode("utf-8", errors="replace").splitlines()[-count:]
    except OSError as error:
        raise SandboxError(f"the log of {program} cannot be read: {error}") from error
