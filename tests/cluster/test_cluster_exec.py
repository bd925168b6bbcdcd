"""Commands in containers: through the real API server to KWOK, which runs them on this machine."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import pytest
from cluster_objects import pod
from faults import FaultyProxy, answer

from meshctl.cluster import Cluster, Execution
from meshctl.errors import Invalid, NotFound, Unreachable

Run = Callable[..., Execution]


@pytest.fixture
def run(cluster: Cluster, namespace: str) -> Run:
    """Runs a command in the pod `web`."""
    since = cluster.apply(pod(namespace)).object["metadata"]["resourceVersion"]
    for event in cluster.watch("v1", "Pod", namespace, resource_version=since):
        if (event.object.get("status") or {}).get("phase") == "Running":
            break
    return lambda *command, **options: cluster.exec(namespace, "web", "app", command, **options)


def said(execution: Execution, stream: str = "stdout") -> bytes:
    return b"".join(data for name, data in execution if name == stream)


def test_output_and_success(run: Run) -> None:
    execution = run("echo", "two  words", "")
    assert said(execution) == b"two  words \n"
    assert execution.exit_code == 0


def test_errors_and_failure(run: Run) -> None:
    execution = run("sh", "-c", "echo out; echo oops >&2; exit 7")
    assert sorted(execution) == [("stderr", b"oops\n"), ("stdout", b"out\n")]
    assert execution.exit_code == 7


def test_a_long_output_is_whole(run: Run) -> None:
    assert said(run("seq", "200000")).split() == [str(number).encode() for number in range(1, 200_001)]


def test_input(run: Run) -> None:
    execution = run("head", "-c", "6", stdin=True)
    execution.send(b"abc")
    execution.send(b"def")
    assert said(execution) == b"abcdef"


def test_much_input_and_output_at_once(run: Run) -> None:
    """Neither side may wait for the other to finish first."""
    data = os.urandom(6_000_000)
    execution = run("head", "-c", str(len(data)), stdin=True)
    writer = threading.Thread(target=execution.send, args=(data,))
    writer.start()
    assert said(execution) == data
    writer.join()


def test_a_sender_waits_for_a_slow_command(run: Run) -> None:
    execution = run("sh", "-c", "sleep 0.3; head -c 8000000 | wc -c", stdin=True)

    waiting: list[int] = []

    def feed() -> None:
        for _ in range(80):
            execution.send(bytes(100_000))
            waiting.append(execution._websocket.waiting)

    writer = threading.Thread(target=feed)
    writer.start()
    assert said(execution) == b"8000000\n"
    writer.join()
    assert max(waiting) < 1_500_000


def test_a_terminal(run: Run) -> None:
    """Both outputs are one, and its size arrives. KWOK loses what a terminal shows just before its end, so it waits."""
    script = "until stty size | grep 132; do sleep 0.05; done; echo both >&2; sleep 0.5"
    execution = run("sh", "-c", script, stdin=True, tty=True)
    execution.resize(columns=132, rows=43)
    assert said(execution) == b"43 132\r\nboth\r\n"


def test_closing_ends_it_for_the_reader(run: Run) -> None:
    execution = run("sleep", "60")
    threading.Timer(0.2, execution.close).start()
    began = time.monotonic()
    assert list(execution) == []
    assert time.monotonic() - began < 2
    assert execution.exit_code is None


class TestRefused:
    def test_no_such_program(self, run: Run, namespace: str) -> None:
        with pytest.raises(NotFound) as caught:
            list(run("no-such-program"))
        assert caught.value.code == "NoProgram"
        message = f"cannot run no-such-program in web/app in {namespace}: there is no such program in it"
        assert caught.value.message == message

    def test_no_such_pod(self, cluster: Cluster, namespace: str) -> None:
        with pytest.raises(NotFound, match='pods "web" not found'):
            cluster.exec(namespace, "web", "app", ["true"])

    def test_no_such_container(self, run: Run, cluster: Cluster, namespace: str) -> None:
        run("true").close()
        with pytest.raises(Invalid, match="container ap is not valid for pod web"):
            cluster.exec(namespace, "web", "ap", ["true"])

    def test_something_between_that_knows_no_websockets(self, faulty: Cluster, proxy: FaultyProxy) -> None:
        proxy.inject(answer(200, body=b"hello"))
        with pytest.raises(Unreachable) as caught:
            faulty.exec("dev", "web", "app", ["true"])
        assert caught.value.code == "NoWebSocket"
