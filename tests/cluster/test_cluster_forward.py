"""Ports of this machine that lead into pods, through the real API server to KWOK, which leads them to real ports."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from cluster_objects import pod

from meshctl.cluster import Cluster, PortForward
from meshctl.errors import ClusterError, UsageError
from meshctl.identity import ObjectRef

Forward = Callable[..., PortForward]


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that says back what it hears, and ends when its client has."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            while data := client.recv(65536):
                client.sendall(data)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


@pytest.fixture
def complaints() -> list[ClusterError]:
    return []


@pytest.fixture
def forward(cluster: Cluster, namespace: str, echo: int, complaints: list[ClusterError]) -> Iterator[Forward]:
    """Forwards to a port of the pod `web`, whose port 7 is the echo's and whose port 9 nobody listens at."""
    target = {"address": "127.0.0.1", "port": echo}
    nobody = {"address": "127.0.0.1", "port": 9}
    spec = {"forwards": [{"ports": [7], "target": target}, {"ports": [9], "target": nobody}]}
    metadata = {"name": "web", "namespace": namespace}
    cluster.apply({"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "PortForward", "metadata": metadata, "spec": spec})
    cluster.apply(pod(namespace))
    opened: list[PortForward] = []

    def begin(port: int = 7, *, choose: Callable[[], str] = lambda: "web", local: int = 0) -> PortForward:
        opened.append(cluster.port_forward(namespace, choose, port, complaints.append, local=local))
        return opened[-1]

    wait_until(lambda: exchange(begin(), b"hello") == b"hello")
    complaints.clear()
    yield begin
    for each in opened:
        each.close()


def exchange(forward: PortForward, data: bytes) -> bytes:
    """What comes back; nothing when the connection is refused or cut."""
    received = b""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", forward.port), timeout=10) as client:
        sender = threading.Thread(target=_send, args=(client, data))
        sender.start()
        while len(received) < len(data) and (part := client.recv(65536)):
            received += part
        sender.join()
    return received


def _send(client: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        client.sendall(data)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_bytes_go_both_ways(forward: Forward) -> None:
    assert exchange(forward(), b"hello") == b"hello"


def test_many_bytes_both_ways_at_once(forward: Forward) -> None:
    data = os.urandom(8_000_000)
    assert exchange(forward(), data) == data


def test_many_connections_at_once(forward: Forward) -> None:
    opened = forward()
    with ThreadPoolExecutor(8) as threads:
        data = [f"connection {number}".encode() * 1000 for number in range(24)]
        assert list(threads.map(lambda each: exchange(opened, each), data)) == data


def test_a_client_that_has_sent_all_still_gets_its_answer(forward: Forward) -> None:
    with socket.create_connection(("127.0.0.1", forward().port), timeout=10) as client:
        client.sendall(b"hello")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(5) == b"hello"


def test_a_pod_is_chosen_for_each_connection(forward: Forward, complaints: list[ClusterError]) -> None:
    pods = iter(["gone", "web"])
    opened = forward(choose=lambda: next(pods))
    assert exchange(opened, b"first") == b""
    assert exchange(opened, b"second") == b"second"
    (complaint,) = complaints
    assert complaint.message.endswith('pods "gone" not found')


def test_a_port_that_nobody_listens_at(forward: Forward, complaints: list[ClusterError]) -> None:
    assert exchange(forward(9), b"hello") == b""
    wait_until(lambda: bool(complaints))
    assert "connection refused" in complaints[0].message


def test_a_port_of_this_machine_that_is_taken(forward: Forward) -> None:
    taken = forward().port
    with pytest.raises(UsageError) as caught:
        forward(local=taken)
    assert caught.value.message == f"cannot listen at 127.0.0.1:{taken}: Address already in use"


def test_closing(forward: Forward, cluster: Cluster, namespace: str) -> None:
    opened = forward()
    with socket.create_connection(("127.0.0.1", opened.port), timeout=10) as client:
        client.sendall(b"hello")
        assert client.recv(5) == b"hello"
        opened.close()
        assert client.recv(5) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", opened.port), timeout=1)
    assert cluster.delete(ObjectRef("v1", "Pod", namespace, "web"))
