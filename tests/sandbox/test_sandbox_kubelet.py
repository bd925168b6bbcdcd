"""logs, exec and port-forward, by kubectl through the API server to the sandbox's kubelet."""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from meshctl.sandbox.certificates import authority
from meshctl.sandbox.folders import Folders

Kubectl = Callable[..., str]


@pytest.fixture
def web(kubectl: Kubectl, namespace: str) -> str:
    """A pod that runs. Its container has a variable of its own."""
    container = {"name": "main", "image": "web", "env": [{"name": "GREETING", "value": "hello"}]}
    apply(kubectl, namespace, {"kind": "Pod", "apiVersion": "v1", "spec": {"containers": [container]}})
    kubectl("wait", "pod/web", "-n", namespace, "--for=condition=Ready", "--timeout=30s")
    return "web"


def apply(kubectl: Kubectl, namespace: str, body: dict[str, object]) -> None:
    """All of them are about the pod `web`, and so have its name."""
    kubectl("apply", "-n", namespace, "-f", "-", input=json.dumps({**body, "metadata": {"name": "web"}}))


def write_log(kubectl: Kubectl, namespace: str, **files: Path) -> None:
    log = {"containers": ["main"], **{name: str(file) for name, file in files.items()}}
    apply(kubectl, namespace, {"kind": "Logs", "apiVersion": "kwok.x-k8s.io/v1alpha1", "spec": {"logs": [log]}})


def cri(*lines: str) -> str:
    return "".join(f"2026-01-01T00:00:0{number}.000000000Z stdout F {line}\n" for number, line in enumerate(lines))


def test_every_container_says_that_nothing_runs(kubectl: Kubectl, namespace: str, web: str) -> None:
    assert "Nothing runs in this container" in kubectl("logs", web, "-n", namespace)


def test_it_says_so_from_its_start_on(kubectl: Kubectl, namespace: str, web: str) -> None:
    """So that a question for what was said of late has an answer."""
    spoken = kubectl("logs", web, "-n", namespace, "--timestamps", "--since=10m").splitlines()
    started = "{.status.containerStatuses[0].state.running.startedAt}"
    began = kubectl("get", "pod", web, "-n", namespace, "-o", f"jsonpath={started}")
    assert [line.split(" ")[0] for line in spoken] == [f"{began[:-1]}.00{number}000000Z" for number in range(3)]


def test_a_log_of_its_own(kubectl: Kubectl, namespace: str, web: str, tmp_path: Path) -> None:
    now, before = tmp_path / "now.log", tmp_path / "before.log"
    now.write_text(cri("one", "two", "three"))
    before.write_text(cri("zero"))
    write_log(kubectl, namespace, logsFile=now, previousLogsFile=before)
    assert kubectl("logs", web, "-n", namespace) == "one\ntwo\nthree\n"
    assert kubectl("logs", web, "-n", namespace, "--tail=1") == "three\n"
    assert kubectl("logs", web, "-n", namespace, "--since-time=2026-01-01T00:00:01Z") == "two\nthree\n"
    assert kubectl("logs", web, "-n", namespace, "--timestamps", "--tail=1") == "2026-01-01T00:00:02.000000000Z three\n"
    assert kubectl("logs", web, "-n", namespace, "--previous") == "zero\n"


def test_following_a_log_ends_with_the_pod(
    kubectl: Kubectl, sandbox_kubeconfig: Path, namespace: str, web: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    log.write_text(cri("one"))
    write_log(kubectl, namespace, logsFile=log)
    command = ["kubectl", f"--kubeconfig={sandbox_kubeconfig}", "logs", "-f", web, "-n", namespace]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert following.stdout.readline() == "one\n"
        with log.open("a") as stream:
            stream.write(cri("two"))
        assert following.stdout.readline() == "two\n"
        kubectl("delete", "pod", web, "-n", namespace)
        assert following.wait(timeout=30) == 0


@pytest.mark.parametrize(
    ("label", "arguments", "message"),
    [
        ("", ["--previous"], 'previous terminated container "main" in pod "web" not found'),
        (
            "ImagePullBackOff",
            [],
            'container "main" in pod "web" is waiting to start: (image can\'t|trying and failing)',
        ),
        (
            "CreateContainerConfigError",
            [],
            'container "main" in pod "web" is waiting to start: CreateContainerConfigError',
        ),
    ],
)
def test_logs_that_are_not_there(
    kubectl: Kubectl, namespace: str, label: str, arguments: list[str], message: str
) -> None:
    metadata = {"name": "web", "labels": {"sandbox.meshctl.dev/fail": label}}
    spec = {"containers": [{"name": "main", "image": "web"}]}
    body = json.dumps({"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec})
    kubectl("apply", "-n", namespace, "-f", "-", input=body)
    kubectl("wait", "pod/web", "-n", namespace, "--for=jsonpath={.status.containerStatuses}", "--timeout=30s")
    with pytest.raises(AssertionError, match=message):
        kubectl("logs", "web", "-n", namespace, *arguments)


def test_a_crash_left_its_last_words(kubectl: Kubectl, namespace: str) -> None:
    metadata = {"name": "web", "labels": {"sandbox.meshctl.dev/fail": "CrashLoopBackOff"}}
    spec = {"containers": [{"name": "main", "image": "web"}, {"name": "other", "image": "other"}]}
    body = json.dumps({"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec})
    kubectl("apply", "-n", namespace, "-f", "-", input=body)
    kubectl("wait", "pod/web", "-n", namespace, "--for=jsonpath={.status.containerStatuses}", "--timeout=30s")
    assert "fatal: connection refused" in kubectl("logs", "web", "-n", namespace, "-c", "main", "--previous")
    assert "fatal" not in kubectl("logs", "web", "-n", namespace, "-c", "other")


def test_exec_gives_output_input_and_exit_code(
    kubectl: Kubectl, sandbox_kubeconfig: Path, namespace: str, web: str
) -> None:
    assert kubectl("exec", web, "-n", namespace, "-i", "--", "cat", input="over there\n") == "over there\n"
    command = ["kubectl", f"--kubeconfig={sandbox_kubeconfig}", "exec", web, "-n", namespace, "--", "sh", "-c"]
    done = subprocess.run([*command, "echo out; echo err >&2; exit 7"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, "out\n")
    assert "err" in done.stderr.splitlines()  # kubectl may complain of its own streams before


def test_exec_sees_the_pods_variables_and_none_of_the_users(
    kubectl: Kubectl, namespace: str, web: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    variables = dict(
        line.partition("=")[::2] for line in kubectl("exec", web, "-n", namespace, "--", "env").splitlines()
    )
    assert (variables["GREETING"], variables["HOSTNAME"]) == ("hello", "web")
    assert set(variables) == {"GREETING", "HOSTNAME", "HOME", "PATH", "LANG", "PWD"}


def test_exec_needs_a_running_container(kubectl: Kubectl, namespace: str) -> None:
    spec = {"containers": [{"name": "main", "image": "web"}], "nodeSelector": {"no": "such-node"}}
    apply(kubectl, namespace, {"kind": "Pod", "apiVersion": "v1", "spec": spec})
    with pytest.raises(AssertionError, match="does not have a host assigned"):
        kubectl("exec", "web", "-n", namespace, "--", "true")


@pytest.fixture
def forwarded(sandbox_kubeconfig: Path, namespace: str, web: str) -> Iterator[int]:
    """The local port that leads to port 8080 of the pod."""
    command = ["kubectl", f"--kubeconfig={sandbox_kubeconfig}", "port-forward", web, ":8080", "-n", namespace]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as forwarding:
        assert forwarding.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", forwarding.stdout.readline())
        assert found is not None
        yield int(found.group(1))
        forwarding.terminate()


def test_a_forwarded_port_answers(forwarded: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{forwarded}/", timeout=10) as answer:
        assert b"Nothing runs in this pod" in answer.read()


def test_a_forwarded_port_can_lead_to_a_local_one(kubectl: Kubectl, namespace: str, forwarded: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = {"address": "127.0.0.1", "port": listener.getsockname()[1]}
        spec = {"forwards": [{"ports": [8080], "target": target}]}
        apply(kubectl, namespace, {"kind": "PortForward", "apiVersion": "kwok.x-k8s.io/v1alpha1", "spec": spec})
        threading.Thread(target=echo_once, args=(listener,), daemon=True).start()
        with socket.create_connection(("127.0.0.1", forwarded), timeout=10) as connection:
            connection.sendall(b"ping")
            assert connection.recv(100) == b"ping"


def echo_once(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(connection.recv(100))


@pytest.mark.usefixtures("sandbox_kubeconfig")
def test_nobody_but_the_api_server_may_ask() -> None:
    """A user of this machine who has no key of the sandbox could run commands otherwise."""
    folders = Folders("tests")
    record = folders.read_record()
    assert record is not None
    context = ssl.create_default_context(cafile=str(authority(folders)))
    with (
        socket.create_connection(("127.0.0.1", record.ports["kwok"]), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ssl.SSLError, match="certificate required"):
            connection.recv(100)
