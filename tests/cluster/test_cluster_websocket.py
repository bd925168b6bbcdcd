"""What an API server may say on a WebSocket but seldom does, and what it hears from us, byte for byte."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshctl.cluster import Cluster, connect
from meshctl.cluster.websocket import _masked
from meshctl.errors import Unreachable

SUCCESS = b"\x03" + json.dumps({"status": "Success"}).encode()
UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


class Server:
    """Upgrades the first connection, says some frames, and ends once it has heard as many bytes as it waits for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._heard = bytearray()
        self._thread: threading.Thread | None = None

    def saying(
        self, *frames: bytes, protocol: str = "v5.channel.k8s.io", together: bool = False, hear: int = 0
    ) -> Cluster:
        head = UPGRADE + f"Sec-WebSocket-Protocol: {protocol}\r\n\r\n".encode()
        parts = [head + b"".join(frames)] if together else [head, *frames]
        self._thread = threading.Thread(target=self._serve, args=(parts, hear), daemon=True)
        self._thread.start()
        server = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        config = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c"}}],
            "clusters": [{"name": "c", "cluster": {"server": server}}],
        }
        file = self._folder / "kubeconfig"
        file.write_text(json.dumps(config))
        return connect(kubeconfig=file, environ={})

    def heard(self) -> list[tuple[int, bytes]]:
        """(opcode, payload) of the client's frames, unmasked."""
        assert self._thread
        self._thread.join(5)
        frames, rest = [], bytes(self._heard)
        while rest:
            assert rest[1] & 0x80, "a client's frames must be masked"
            length = rest[1] & 0x7F
            assert length < 126
            key, payload = rest[2:6], rest[6 : 6 + length]
            frames.append((rest[0] & 0x0F, bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))))
            rest = rest[6 + length :]
        return frames

    def close(self) -> None:
        self._listener.close()

    def _serve(self, parts: list[bytes], hear: int) -> None:
        client, _ = self._listener.accept()
        with client:
            request = b""
            while b"\r\n\r\n" not in request:
                request += client.recv(65536)
            for part in parts:
                client.sendall(part)
            while len(self._heard) < hear:
                self._heard += client.recv(65536)
            client.shutdown(socket.SHUT_WR)
            while data := client.recv(65536):
                self._heard += data


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.close()


def frame(payload: bytes, *, opcode: int = 2, final: bool = True) -> bytes:
    first = bytes(((0x80 if final else 0) | opcode,))
    if len(payload) < 126:
        return first + bytes((len(payload),)) + payload
    if len(payload) < 65536:
        return first + b"\x7e" + len(payload).to_bytes(2, "big") + payload
    return first + b"\x7f" + len(payload).to_bytes(8, "big") + payload


def output(cluster: Cluster) -> bytes:
    return b"".join(data for _, data in cluster.exec("dev", "web", "app", ["true"]))


@pytest.mark.parametrize("together", [True, False], ids=["with the headers", "after them"])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 65534, 65535, 70_000, 300_000])
def test_frames_of_all_sizes(server: Server, size: int, together: bool) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    assert output(server.saying(frame(b"\x01" + data), frame(SUCCESS), together=together)) == data


def test_frames_that_come_byte_by_byte(server: Server) -> None:
    script = frame(b"\x01hello") + frame(SUCCESS)
    assert output(server.saying(*(script[at : at + 1] for at in range(len(script))))) == b"hello"


def test_a_message_in_pieces(server: Server) -> None:
    pieces = [
        frame(b"\x01he", final=False),
        frame(b"", opcode=9),
        frame(b"ll", opcode=0, final=False),
        frame(b"o", opcode=0),
    ]
    assert output(server.saying(*pieces, frame(SUCCESS))) == b"hello"


def test_a_ping_is_answered(server: Server) -> None:
    cluster = server.saying(frame(b"are you there", opcode=9), hear=6)
    execution = cluster.exec("dev", "web", "app", ["true"])
    with pytest.raises(Unreachable):
        list(execution)
    assert (10, b"are you there") in server.heard()


@pytest.mark.parametrize("frames", [[], [frame(b"\x01hel")], [frame(b"", opcode=8)], [b"\x82\x7e\xff"]])
def test_an_end_without_an_exit_code_is_an_error(server: Server, frames: list[bytes]) -> None:
    with pytest.raises(Unreachable) as caught:
        output(server.saying(*frames))
    assert caught.value.code == "ConnectionLost"
    assert caught.value.message == "cannot run true in web/app in dev: the connection was cut before it ended"


@pytest.mark.parametrize(
    ("protocol", "frames"),
    [("v5.channel.k8s.io", [(2, b"\x00input"), (2, b"\xff\x00")]), ("v4.channel.k8s.io", [(2, b"\x00input")])],
)
def test_the_end_of_the_input(server: Server, protocol: str, frames: list[tuple[int, bytes]]) -> None:
    execution = server.saying(protocol=protocol, hear=sum(6 + len(data) for _, data in frames)).exec(
        "dev", "web", "app", ["true"], stdin=True
    )
    execution.send(b"input")
    execution.end_input()
    with pytest.raises(Unreachable):
        list(execution)
    assert server.heard() == frames


def test_the_size_of_the_terminal(server: Server) -> None:
    execution = server.saying(hear=6).exec("dev", "web", "app", ["true"], tty=True)
    execution.resize(columns=80, rows=25)
    with pytest.raises(Unreachable):
        list(execution)
    ((opcode, payload),) = server.heard()
    assert (opcode, payload[0], json.loads(payload[1:])) == (2, 4, {"Width": 80, "Height": 25})


@given(st.binary(max_size=50), st.binary(min_size=4, max_size=4))
def test_masking_is_its_own_inverse(payload: bytes, key: bytes) -> None:
    assert _masked(payload, key) == bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    assert _masked(_masked(payload, key), key) == payload
