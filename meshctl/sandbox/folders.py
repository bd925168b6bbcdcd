"""Where a sandbox keeps what it needs, and the record of how it was started.

Importing this module is cheap: finding a cluster asks it at every start of meshctl.
"""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from meshctl import cache
from meshctl.errors import SandboxError


def state_home() -> Path:
    """MESHCTL_STATE_HOME keeps a test's sandbox apart from the user's."""
    if chosen := os.environ.get("MESHCTL_STATE_HOME"):
        return Path(chosen).absolute()
    import platformdirs

    return platformdirs.user_state_path("meshctl")


@dataclass(frozen=True)
class Record:
    """How a sandbox was started: what a later `up` needs to mend it, and `down` to undo it.

    `ports` has an entry for each program, and `etcd-peer`; `programs` the command that starts each. `merged` names the
    user's kubeconfig if this sandbox was written into it, and `previous_context` what was current there before.
    """

    ports: Mapping[str, int]
    programs: Mapping[str, list[str]]
    source: str
    istio_crds: str = ""
    merged: str = ""
    previous_context: str = ""


@dataclass(frozen=True)
class Folders:
    name: str
    root: Path = field(init=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", self.name):
            raise SandboxError(
                f"{self.name!r} cannot be the name of a sandbox",
                suggestion="use at most 40 lower-case letters, digits and hyphens",
            )
        object.__setattr__(self, "root", state_home() / "sandbox" / self.name)

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def certificates(self) -> Path:
        return self.root / "certificates"

    @property
    def etcd(self) -> Path:
        return self.root / "etcd"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def pod_logs(self) -> Path:
        """What `kubectl logs` shows of pods, in the CRI's format."""
        return self.root / "pod-logs"

    @property
    def exec_home(self) -> Path:
        """Where the commands of `kubectl exec` run, and all they have for a home."""
        return self.root / "exec"

    @property
    def kwok_config(self) -> Path:
        return self.root / "kwok.yaml"

    @property
    def lock(self) -> Path:
        """Kept in the cache: a lock file cannot be removed while another process may wait for it."""
        return cache.home() / "locks" / (str(self.root).strip("/").replace("/", "_") + ".lock")

    def log(self, program: str) -> Path:
        return self.logs / f"{program}.log"

    def pid_file(self, program: str) -> Path:
        return self.root / "pids" / f"{program}.json"

    def program_kubeconfig(self, program: str) -> Path:
        return self.root / "kubeconfigs" / program

    def create(self) -> None:
        """Only the user may look inside: it holds keys, and `exec` runs commands as the user."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        for folder in (self.certificates, self.etcd, self.logs, self.pod_logs, self.exec_home):
            folder.mkdir(mode=0o700, exist_ok=True)
        for folder in (self.root / "pids", self.root / "kubeconfigs"):
            folder.mkdir(mode=0o700, exist_ok=True)

    def read_record(self) -> Record | None:
        """None where there is no sandbox, or only what an interrupted `up` left of it."""
        values = read_json(self.root / "sandbox.json")
        try:
            return Record(**values) if values else None
        except TypeError:
            return None

    def write_record(self, record: Record) -> None:
        write_private(self.root / "sandbox.json", json.dumps(asdict(record), indent=2) + "\n")


def read_json(file: Path) -> dict[str, Any] | None:
    """None if there is no such file, or one that was cut off while it was written."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write_private(file: Path, text: str) -> None:
    """Whole or not at all, and readable by the user alone."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.replace(file)


def accepts_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        return False
    return True
