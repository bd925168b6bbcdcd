"""The cluster that tests run on: one real control plane for the whole run, and for other runs beside it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import hypothesis
import pytest
from faults import FaultyProxy

from meshctl import sandbox
from meshctl.cache import home
from meshctl.cluster import Cluster, connect
from meshctl.sandbox.api import Client
from meshctl.sandbox.folders import Folders
from meshctl.sandbox.processes import is_alive, started_at

SANDBOX = "tests"

# How long an example takes says more about the machine than about the code; CI tries the same ones each time.
hypothesis.settings.register_profile(
    "meshctl",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize="CI" in os.environ,
    database=None if "CI" in os.environ else hypothesis.settings.default.database,
)
hypothesis.settings.load_profile("meshctl")
HOLDERS = home() / "locks" / f"holders-of-{SANDBOX}.json"

Kubectl = Callable[..., str]


@pytest.fixture(scope="session")
def sandbox_kubeconfig() -> Path:
    """Started by the first test that wants it, in whichever worker or run; a build can take minutes."""
    main = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    with filelock.FileLock(f"{HOLDERS}.lock"):
        _write_holders({**_living_holders(), str(main): started_at(main)})
        for progress in sandbox.up(SANDBOX):
            print(progress.message)
    return Path(sandbox.status(SANDBOX).kubeconfig)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The end of the run, not of a worker; the last run that used the sandbox takes it away."""
    if hasattr(session.config, "workerinput") or not HOLDERS.exists():
        return
    with filelock.FileLock(f"{HOLDERS}.lock"):
        holders = _living_holders()
        if holders.pop(str(os.getpid()), None) is None:
            return
        _write_holders(holders)
        if not holders:
            HOLDERS.unlink()
            list(sandbox.down(SANDBOX))


def _living_holders() -> dict[str, str]:
    """Pids of test runs and when they began: a run that was killed holds nothing, nor does a reused pid."""
    if not HOLDERS.exists():
        return {}
    holders: dict[str, str] = json.loads(HOLDERS.read_text())
    return {pid: began for pid, began in holders.items() if is_alive(int(pid)) and started_at(int(pid)) == began}


def _write_holders(holders: dict[str, str]) -> None:
    HOLDERS.parent.mkdir(parents=True, exist_ok=True)
    HOLDERS.write_text(json.dumps(holders))


@pytest.fixture(scope="session")
def cluster(sandbox_kubeconfig: Path) -> Cluster:
    return connect(kubeconfig=sandbox_kubeconfig, environ={})


@pytest.fixture
def unused_namespace(sandbox_kubeconfig: Path) -> Iterator[str]:  # noqa: ARG001
    """A name that no namespace has. One that the test makes is deleted after it."""
    name = f"test-{secrets.token_hex(5)}"
    yield name
    with _client() as client:
        client.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def namespace(unused_namespace: str) -> str:
    """A namespace in which pods can be made: its default service account is there."""
    path = f"/api/v1/namespaces/{unused_namespace}"
    deadline = time.monotonic() + 20
    with _client() as client:
        client.apply(path, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": unused_namespace}})
        while client.get(f"{path}/serviceaccounts/default") is None:
            assert time.monotonic() < deadline, "the controller-manager makes no service account"
            time.sleep(0.01)
    return unused_namespace


def _client() -> Client:
    folders = Folders(SANDBOX)
    record = folders.read_record()
    assert record is not None
    return Client(folders, record.ports["kube-apiserver"])


@pytest.fixture
def proxy(sandbox_kubeconfig: Path, tmp_path: Path) -> Iterator[FaultyProxy]:
    with FaultyProxy(sandbox_kubeconfig, tmp_path) as proxy:
        yield proxy


@pytest.fixture
def faulty(proxy: FaultyProxy) -> Cluster:
    """The real cluster behind the proxy."""
    return connect(kubeconfig=proxy.kubeconfig, environ={}, timeout=5)


@pytest.fixture(scope="session")
def kubectl(sandbox_kubeconfig: Path) -> Kubectl:
    """Runs kubectl and gives back what it writes; what it says when it fails is in the error."""

    def run(*arguments: str, input: str | None = None, timeout: float = 60) -> str:  # noqa: A002 - as in subprocess
        command = ["kubectl", f"--kubeconfig={sandbox_kubeconfig}", *arguments]
        done = subprocess.run(command, input=input, capture_output=True, text=True, timeout=timeout, check=False)
        if done.returncode:
            message = f"{' '.join(command)} exited with {done.returncode}: {done.stderr}"
            raise AssertionError(message)
        return done.stdout

    return run
