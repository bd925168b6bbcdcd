"""exec and port-forward, as their users call them: through the real API server into pods of the sandbox."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import secrets
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from calling import Meshctl, process, write_project

CONFIG = "project: shop\nservice: {web: {}, idle: {}}\n"
TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ service.name }}}
spec:
  replicas: {{ 2 if service.name == 'web' else 0 }}
  selector: {matchLabels: {app: {{ service.name }}}}
  template:
    metadata: {labels: {app: {{ service.name }}}}
    spec: {containers: [{name: main, image: web, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: {{ service.name }}}
spec: {selector: {app: {{ service.name }}}, ports: [{name: web, port: 80, targetPort: http}]}
"""
Kubectl = Callable[..., str]
Called = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def options(
    tmp_path_factory: pytest.TempPathFactory, sandbox_kubeconfig: Path, kubectl: Kubectl
) -> Iterator[list[str]]:
    """Those that name a project that runs: two pods of `web`, none of `idle`."""
    folder = write_project(tmp_path_factory.mktemp("project"), CONFIG, services=("web", "idle"))
    for name in ("web", "idle"):
        (folder / "templates" / name / "config.yaml.j2").write_text(TEMPLATE)
    namespace = f"test-{secrets.token_hex(5)}"
    options = ["-C", str(folder), "--kubeconfig", str(sandbox_kubeconfig), "-n", namespace]
    assert process(*options, "start", "--all").code == 0
    yield options
    kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture(scope="module")
def call(options: list[str]) -> Called:
    """Begins meshctl in a process of its own, with streams of its own."""

    def begin(
        *arguments: str, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.PIPE
    ) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "meshctl", *options, *arguments]
        return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE)

    return begin


def ended(begun: subprocess.Popen[bytes], data: bytes | None = None) -> tuple[int, bytes, str]:
    out, err = begun.communicate(data, timeout=60)
    return begun.returncode, out, err.decode()


class TestExec:
    def test_streams_and_exit_code_are_the_commands(self, call: Called) -> None:
        code, out, err = ended(call("exec", "web", "-q", "--", "sh", "-c", "printf '\\377'; echo oops >&2; exit 7"))
        assert (code, out, err) == (7, b"\xff", "oops\n")

    def test_options_behind_the_dashes_are_the_commands(self, call: Called) -> None:
        script = 'printf "%s " "$@"'
        begun = call("exec", "web", "-q", "--", "sh", "-c", script, "sh", "-n", "-o=x", "--yes", "--")
        assert ended(begun)[1] == b"-n -o=x --yes -- "

    def test_it_says_where_it_runs(self, call: Called, kubectl: Kubectl) -> None:
        _, _, err = ended(call("exec", "web", "--", "true"))
        place = err.splitlines()[1]
        assert place.startswith("→ pod web-")
        assert place.endswith(" · container main")
        pod = place.split()[2]
        assert ended(call("exec", f"pod/{pod}", "-q", "--", "echo", "there"))[1] == b"there\n"
        assert pod in kubectl("get", "pods", "-A", "-o", "name")

    def test_input(self, call: Called) -> None:
        data = os.urandom(300_000)
        begun = call("exec", "web", "-q", "-i", "--", "sh", "-c", "head -c 300000; echo end", stdin=subprocess.PIPE)
        assert ended(begun, data) == (0, data + b"end\n", "")

    def test_without_i_there_is_no_input(self, call: Called) -> None:
        begun = call("exec", "web", "-q", "--", "cat", stdin=subprocess.PIPE)
        assert ended(begun, b"unheard")[:2] == (0, b"")

    def test_a_terminal(self, call: Called) -> None:
        """Keys go to the command, Ctrl-C too, the size follows, and in the end the terminal is as it was."""
        ours, theirs = pty.openpty()
        resize(ours, 100, 30)
        before = termios.tcgetattr(theirs)
        script = "trap 'echo caught; exit 5' INT; echo begun; until stty size | grep '40 132'; do sleep 0.1; done; cat"
        begun = call("exec", "-qit", "web", "--", "sh", "-c", script, stdin=theirs, stdout=theirs)
        shown = read_until(ours, b"begun")
        resize(ours, 132, 40)
        begun.send_signal(signal.SIGWINCH)  # a terminal tells only the processes that it controls
        shown += read_until(ours, b"40 132")
        os.write(ours, b"\x03")
        shown += read_until(ours, b"caught")
        assert ended(begun)[0] == 5
        assert termios.tcgetattr(theirs) == before
        os.close(ours)
        os.close(theirs)

    def test_a_terminal_that_is_none(self, call: Called) -> None:
        code, out, err = ended(call("exec", "web", "-it", "--", "cat", stdin=subprocess.PIPE), b"piped")
        assert (code, out) == (0, b"piped")
        assert "warning: the input is no terminal, so the command gets none" in err

    @pytest.mark.parametrize(
        ("arguments", "code", "told"),
        [
            (("web",), 2, "no command is named"),
            (("wbe", "--", "true"), 2, "did you mean web?"),
            (("web", "-c", "mian", "--", "true"), 2, "did you mean main?"),
            (("idle", "--", "true"), 1, "no pod of idle runs in"),
            (("web", "--", "no-such-program"), 1, "there is no such program in it"),
            (("pod/none", "--", "true"), 1, 'pods "none" not found'),
            (("web", "-n", "default", "--", "true"), 3, "default is no developer's namespace"),
        ],
    )
    def test_refused(
        self, meshctl: Meshctl, options: list[str], arguments: tuple[str, ...], code: int, told: str
    ) -> None:
        found, out, err = meshctl(*options, "exec", *arguments)
        assert (found, out) == (code, "")
        assert told in err


def resize(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def read_until(terminal: int, word: bytes) -> bytes:
    shown = b""
    deadline = time.monotonic() + 20
    while word not in shown:
        assert time.monotonic() < deadline, shown
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 4096)
    return shown


class TestPortForward:
    def test_ports_lead_into_pods_until_ctrl_c(self, call: Called, kubectl: Kubectl, options: list[str]) -> None:
        """Through the end of the pod, which is told; the port stays the same."""
        begun = call("port-forward", "web::web", "web::9000")
        line = next(begun.stdout or iter(())).decode()
        found = re.fullmatch(r"Forwarding from 127\.0\.0\.1:(\d+) -> web:80 \(pod (web-\S+)\)\n", line)
        assert found
        other = next(begun.stdout or iter(()))
        assert re.fullmatch(rb"Forwarding from 127\.0\.0\.1:\d+ -> web:9000 \(pod web-\S+\)\n", other)
        assert answer(int(found[1])).startswith(b"HTTP/1.1 200")
        kubectl("-n", options[-1], "delete", "pod", found[2], "--wait=false")
        assert begun.stderr
        assert next(begun.stderr).startswith("→ context".encode())
        moved = re.fullmatch(r"web:80 leads to pod (web-\S+): (web-\S+) has ended\n", next(begun.stderr).decode())
        assert moved
        assert (moved[1] != found[2], moved[2]) == (True, found[2])
        assert answer(int(found[1])).startswith(b"HTTP/1.1 200")
        begun.send_signal(signal.SIGINT)
        code, out, _ = ended(begun)
        assert code == 130
        assert out == b""

    def test_all_that_is_wrong_is_told_at_once(self, meshctl: Meshctl, options: list[str]) -> None:
        code, out, err = meshctl(*options, "port-forward", "web:htpp", "wbe", "idle", "pod/none")
        assert (code, out) == (2, "")
        assert "web has no port 'htpp'" in err
        assert "did you mean web?" in err
        assert "no pod of idle runs in" in err
        assert "there is no pod none in" in err

    def test_a_port_that_is_taken(self, meshctl: Meshctl, options: list[str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            code, out, err = meshctl(*options, "port-forward", f"web:{port}:80", "web::80")
        assert (code, out) == (2, "")
        assert f"cannot listen at 127.0.0.1:{port}: Address already in use" in err
        assert "web::80 takes any free port" in err


def answer(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return client.recv(4096)
