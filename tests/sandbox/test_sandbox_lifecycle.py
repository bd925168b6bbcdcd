"""Starting, mending and stopping a sandbox. The tests that break one take turns with one that all workers share."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import filelock
import pytest

from meshctl import sandbox
from meshctl.errors import SandboxError
from meshctl.sandbox.folders import Folders

NAME = "mended"


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state folder of these tests, the same in all workers."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "state"
    yield home
    with pytest.MonkeyPatch.context() as patch, filelock.FileLock(f"{home}.lock"):
        patch.setenv("MESHCTL_STATE_HOME", str(home))
        list(sandbox.down(NAME))


@pytest.fixture
def whole(shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    """A sandbox that runs and that nobody else touches meanwhile."""
    monkeypatch.setenv("MESHCTL_STATE_HOME", str(shared_home))
    with filelock.FileLock(f"{shared_home}.lock"):
        list(sandbox.up(NAME))
        yield Folders(NAME)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of one test."""
    monkeypatch.setenv("MESHCTL_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def pids() -> Mapping[str, int]:
    return sandbox.status(NAME).pids


def processes_of(home: Path) -> list[int]:
    """Whatever names a file in this folder among its arguments."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = entry.read_bytes()
        except OSError:
            continue
        if os.fsencode(home / "sandbox") in arguments:
            found.append(int(entry.parent.name))
    return found


def mend() -> str:
    """What was said last."""
    return list(sandbox.up(NAME))[-1].message


def test_status_tells_how_to_reach_it(whole: Folders) -> None:
    status = sandbox.status(NAME)
    assert status.running
    assert status.programs == dict.fromkeys(sandbox.PROGRAMS, "running")
    assert (status.context, status.version[:3]) == (f"meshctl-sandbox-{NAME}", "v1.")
    assert status.istio_crds
    assert all(size > 10_000_000 for size in status.memory.values())
    assert sandbox.running_kubeconfig(NAME) == whole.kubeconfig == Path(status.kubeconfig)


def test_a_second_up_changes_nothing(whole: Folders) -> None:  # noqa: ARG001
    before = pids()
    assert mend() == f"the sandbox {NAME} is running already"
    assert pids() == before


def test_only_the_user_may_look_inside(whole: Folders) -> None:
    assert whole.root.stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o077 == 0 for file in [whole.kubeconfig, *whole.certificates.iterdir()])


def test_it_listens_on_loopback_only(whole: Folders) -> None:
    listening = subprocess.run(["ss", "-tlnp"], capture_output=True, text=True, check=True).stdout
    ours = [line.split()[3] for line in listening.splitlines() if any(f"pid={pid}," in line for pid in pids().values())]
    assert len(ours) == len(whole.read_record().ports)  # type: ignore[union-attr]
    assert all(address.startswith("127.0.0.1:") for address in ours)


def test_what_died_is_started_again(whole: Folders) -> None:
    before = pids()
    os.kill(before["kwok"], signal.SIGKILL)
    os.kill(before["kube-scheduler"], signal.SIGKILL)
    wait_until_dead(before["kwok"])
    assert sandbox.status(NAME).programs["kwok"] == "dead"
    assert mend() == f"the sandbox {NAME} is ready"
    kept = {"etcd", "kube-apiserver", "kube-controller-manager"}
    assert {program for program in before if pids()[program] == before[program]} == kept
    assert (
        kubectl(whole, "get", "node", "-o", "jsonpath={.items[0].status.conditions[?(@.type=='Ready')].status}")
        == "True"
    )


def test_what_hangs_is_replaced_and_nothing_is_forgotten(whole: Folders) -> None:
    kubectl(whole, "create", "configmap", "kept", "--dry-run=client", "-o", "name")
    kubectl(whole, "apply", "-f", "-", input='{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kept"}}')
    before = pids()
    os.kill(before["kube-apiserver"], signal.SIGSTOP)
    assert sandbox.status(NAME).programs["kube-apiserver"] == "unhealthy"
    mend()
    assert pids()["kube-apiserver"] != before["kube-apiserver"]
    assert kubectl(whole, "get", "namespace", "kept", "-o", "name") == "namespace/kept\n"


def test_a_program_whose_pid_file_is_lost_is_not_forgotten(whole: Folders) -> None:
    lost = pids()["kube-scheduler"]
    whole.pid_file("kube-scheduler").unlink()
    mend()
    wait_until_dead(lost)
    assert len(processes_of(whole.root.parent.parent)) == len(sandbox.PROGRAMS)


def test_a_port_that_another_took_meanwhile(whole: Folders) -> None:
    record = whole.read_record()
    assert record is not None
    os.kill(pids()["kube-scheduler"], signal.SIGKILL)
    wait_until_dead(pids().get("kube-scheduler", 0))
    with socket.create_server(("127.0.0.1", record.ports["kube-scheduler"])):
        mend()
        assert sandbox.status(NAME).running
    assert kubectl(whole, "get", "nodes", "-o", "name") == "node/meshctl-sandbox\n"


def test_two_at_once_start_one_and_down_leaves_nothing(home: Path) -> None:
    said: list[list[str]] = []

    def start() -> None:
        said.append([progress.message for progress in sandbox.up(NAME)])

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lines[-1] for lines in said) == [
        f"the sandbox {NAME} is ready",
        f"the sandbox {NAME} is running already",
    ]
    assert len(processes_of(home)) == len(sandbox.PROGRAMS)
    list(sandbox.down(NAME))
    assert processes_of(home) == []
    assert not home.exists()
    assert sandbox.running_kubeconfig(NAME) is None


def test_an_interrupted_up_leaves_nothing_running(home: Path) -> None:
    command = [sys.executable, "-c", f"from meshctl import sandbox; list(sandbox.up({NAME!r}))"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as starting:
        wait_for(lambda: len(processes_of(home)) >= 2)
        starting.send_signal(signal.SIGINT)
        assert starting.wait(timeout=30) != 0
    assert processes_of(home) == []
    assert not sandbox.status(NAME).running
    list(sandbox.down(NAME))
    assert not home.exists()


def test_a_killed_up_is_cleaned_up_by_down(home: Path) -> None:
    command = [sys.executable, "-c", f"from meshctl import sandbox; list(sandbox.up({NAME!r}))"]
    with subprocess.Popen(command) as starting:
        wait_for(lambda: len(processes_of(home)) >= 2)
        starting.kill()
    Folders(NAME).pid_file("etcd").unlink(missing_ok=True)
    list(sandbox.down(NAME))
    assert processes_of(home) == []


def test_down_without_a_sandbox(home: Path) -> None:  # noqa: ARG001
    assert [progress.message for progress in sandbox.down(NAME)] == [f"there is no sandbox {NAME}"]


def test_status_without_a_sandbox(home: Path) -> None:  # noqa: ARG001
    status = sandbox.status(NAME)
    assert not status.running
    assert set(status.programs.values()) == {"stopped"}
    assert status.kubeconfig == ""
    assert sandbox.running_kubeconfig(NAME) is None


@pytest.mark.parametrize("name", ["", "Upper", "../etc", "a" * 41, "-a"])
def test_names_that_cannot_be_a_folder_and_a_context(name: str) -> None:
    with pytest.raises(SandboxError, match="cannot be the name of a sandbox"):
        sandbox.status(name)


def test_a_pid_that_another_process_has_now_is_left_alone(home: Path) -> None:
    """Its start time tells it from the one that was written down."""
    folders = Folders(NAME)
    folders.create()
    with subprocess.Popen(["sleep", "60"]) as innocent:
        folders.pid_file("etcd").write_text(json.dumps({"pid": innocent.pid, "started": "an earlier boot 123"}))
        list(sandbox.down(NAME))
        assert innocent.poll() is None
        innocent.kill()
    assert not home.exists()


def test_the_logs_of_its_programs(whole: Folders) -> None:
    said = list(sandbox.logs(NAME, tail=3))
    assert {program for program, _ in said} <= set(sandbox.PROGRAMS)
    assert [program for program, _ in said].count("kube-apiserver") == 3
    with whole.log("etcd").open("a") as log:
        log.write("first word\n")
        log.flush()
        following = sandbox.logs(NAME, "etcd", follow=True, tail=1)
        assert next(following) == ("etcd", "first word")
        log.write("second word\n")
        log.flush()
        assert next(line for line in following if "word" in line[1]) == ("etcd", "second word")


def test_no_such_program_has_a_log(whole: Folders) -> None:  # noqa: ARG001
    with pytest.raises(SandboxError, match="no program 'kubelet'"):
        list(sandbox.logs(NAME, "kubelet"))


def test_into_the_users_kubeconfig_and_out_again(
    whole: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine"
    theirs = {"name": "theirs", "context": {"cluster": "theirs", "user": "theirs"}}
    mine.write_text(
        json.dumps({"apiVersion": "v1", "kind": "Config", "contexts": [theirs], "current-context": "theirs"})
    )
    monkeypatch.setenv("KUBECONFIG", str(mine))
    list(sandbox.up(NAME, merge_kubeconfig=True))
    list(sandbox.up(NAME, merge_kubeconfig=True))
    config = ["kubectl", "config", f"--kubeconfig={mine}"]
    assert output([*config, "current-context"]) == f"meshctl-sandbox-{NAME}\n"
    assert output([*config, "get-contexts", "-o", "name"]).split() == [f"meshctl-sandbox-{NAME}", "theirs"]
    assert output(["kubectl", f"--kubeconfig={mine}", "get", "nodes", "-o", "name"]) == "node/meshctl-sandbox\n"
    assert whole.root.exists()
    list(sandbox.down(NAME))
    assert output([*config, "current-context"]) == "theirs\n"
    assert output([*config, "get-contexts", "-o", "name"]).split() == ["theirs"]


def test_the_users_kubeconfig_is_not_touched_unasked(whole: Folders, tmp_path: Path) -> None:  # noqa: ARG001
    environment = {**os.environ, "HOME": str(tmp_path), "KUBECONFIG": ""}
    code = f"from meshctl import sandbox; list(sandbox.up({NAME!r}))"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert not (tmp_path / ".kube").exists()


def kubectl(folders: Folders, *arguments: str, input: str | None = None) -> str:  # noqa: A002 - as in subprocess
    return output(["kubectl", f"--kubeconfig={folders.kubeconfig}", *arguments], input)


def output(command: list[str], text: str | None = None) -> str:
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=60).stdout


def wait_until_dead(pid: int) -> None:
    wait_for(lambda: not Path(f"/proc/{pid}").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text())


def wait_for(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
