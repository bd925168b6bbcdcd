"""The API server is killed in the middle of a run, and comes back."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from running import starting
from running import told as told_of
from shop import config_map, deployment, shop

from meshctl import sandbox
from meshctl.cluster import Cluster, connect
from meshctl.events import ErrorRaised, Event, Ready, Waiting
from meshctl.sandbox.processes import is_alive

NAME = "killed"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A cluster that no other test uses."""
    monkeypatch.setenv("MESHCTL_STATE_HOME", str(tmp_path / "state"))
    list(sandbox.up(NAME))
    yield connect(kubeconfig=Path(sandbox.status(NAME).kubeconfig), environ={})
    list(sandbox.down(NAME))


def is_free(port: int) -> bool:
    """A process that was killed keeps its sockets until its last thread has ended."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@contextmanager
def replaced_server(log: Path) -> Iterator[None]:
    """Kills the API server and starts it again, at the same address."""
    pid = sandbox.status(NAME).pids["kube-apiserver"]
    command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    os.kill(pid, signal.SIGKILL)
    port = next(int(word.partition("=")[2]) for word in command if word.startswith("--secure-port="))
    while is_alive(pid) or not is_free(port):
        time.sleep(0.01)
    with log.open("w") as output, subprocess.Popen(command, stdout=output, stderr=output) as server:
        try:
            yield
        finally:
            server.kill()


def test_the_run_finishes(own: Cluster, tmp_path: Path) -> None:
    needs = {"slow": [], "web": ["slow"], "job": ["web"]}
    ours = shop("dev-anna", needs, slow=[deployment("slow", delay="2s")], job=[config_map("job")])
    seen: list[Event] = []
    killed = False
    with ExitStack() as until_the_end:
        for event in starting(own, ours, timeout=120.0):
            if isinstance(event, Waiting) and event.service == "slow" and not killed:
                killed = True
                until_the_end.enter_context(replaced_server(tmp_path / "log"))
            seen.append(event)
        run = told_of(seen)
        assert not run.of(ErrorRaised), (tmp_path / "log").read_text()[-4000:]
        assert run.services(Ready) == ["slow", "web", "job"]
        assert run.end.exit == 0
        assert own.list("coordination.k8s.io/v1", "Lease", "dev-anna").items == []
