"""Faults at the wire, in front of a real API server: what a bad network, a proxy or a busy server does to a client.

    proxy = FaultyProxy(kubeconfig_of_the_real_server, folder)
    with proxy:
        cluster = connect(kubeconfig=proxy.kubeconfig, environ={})
        proxy.inject(answer(429, retry_after=1), times=2, on="PATCH")
        cluster.apply(body)  # is told twice to come back later

Everything else passes to the real server and back, streams included. The proxy speaks plain HTTP, so that it can read
what it spoils, and logs in to the server with the kubeconfig's client certificate.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from meshctl import yamlio

Fault = Callable[["_Handler"], bool]  # True when the request has been dealt with


class Seen(NamedTuple):
    """A request that came in, in the order in which they came."""

    method: str
    path: str
    headers: dict[str, str]
    time: float


@dataclass
class _Injected:
    fault: Fault
    times: int
    method: str
    path: re.Pattern[str]


def answer(
    status: int, message: str = "", *, retry_after: int | None = None, reason: str = "", body: bytes | None = None
) -> Fault:
    """Instead of the server: a Status object, or `body` as it is."""
    status_object = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason}
    content = json.dumps({**status_object, "code": status}).encode() if body is None else body

    def fault(handler: _Handler) -> bool:
        headers = {"Content-Type": "application/json" if body is None else "text/plain"}
        headers |= {} if retry_after is None else {"Retry-After": str(retry_after)}
        handler.reply(status, content, headers)
        return True

    return fault


def cut() -> Fault:
    """The connection is reset before the server has seen the request."""

    def fault(handler: _Handler) -> bool:
        handler.reset()
        return True

    return fault


def cut_answer() -> Fault:
    """The server does what was asked, but its answer is cut in the middle of the body."""

    def fault(handler: _Handler) -> bool:
        with handler.upstream() as response:
            body = response.read()
        handler.send_response(response.status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        handler.reset()
        return True

    return fault


def swallow() -> Fault:
    """The answer begins, and then nothing more comes: something in between keeps the connection and loses what it
    says."""

    def fault(handler: _Handler) -> bool:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.connection.recv(1)  # until the client gives up
        handler.close_connection = True
        return True

    return fault


def crowded(most: int) -> Fault:
    """A server that turns away, with 429, whoever comes while it is busy with `most` others."""
    places = threading.Semaphore(most)
    turn_away = answer(429, "too many requests, please try again later", retry_after=0)

    def fault(handler: _Handler) -> bool:
        if not places.acquire(blocking=False):
            return turn_away(handler)
        try:
            handler.forward()
        finally:
            places.release()
        return True

    return fault


def delay(seconds: float) -> Fault:
    """The server's answer comes late."""

    def fault(_: _Handler) -> bool:
        time.sleep(seconds)
        return False

    return fault


class FaultyProxy:
    """A context manager; `kubeconfig` is for whoever is to be put to the test."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        self.kubeconfig = folder / "faulty.kubeconfig"
        self.seen: list[Seen] = []
        self._real = _Upstream(kubeconfig, folder)
        self._injected: list[_Injected] = []
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def up(self) -> None:
        """Listens, after `down` at the same address as before."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _Handler)
        self._server.daemon_threads = True
        self._server.proxy = self  # type: ignore[attr-defined]
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.kubeconfig.write_text(json.dumps(_kubeconfig(self.address)), encoding="utf-8")

    def down(self) -> None:
        """As when the server dies: connections are cut, and new ones refused."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self.cut_all()

    def inject(self, fault: Fault, *, times: int = 1, on: str = "", path: str = "") -> None:
        """For the next requests of that method whose path matches the regular expression; any when empty."""
        with self._lock:
            self._injected.append(_Injected(fault, times, on, re.compile(path)))

    def cut_all(self) -> None:
        """Ends every connection of the moment, watches and logs among them, wherever their answers are."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def count(self, method: str = "", path: str = "") -> int:
        """How many requests of that kind came in."""
        return sum(1 for seen in self.seen if method in ("", seen.method) and re.search(path, seen.path))

    @contextlib.contextmanager
    def _counted(self, connection: socket.socket) -> Iterator[None]:
        """Among those that `cut_all` cuts."""
        with self._lock:
            self._open.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(connection)

    def _take(self, seen: Seen) -> Fault | None:
        with self._lock:
            self.seen.append(seen)
            for injected in self._injected:
                if injected.times and injected.method in ("", seen.method) and injected.path.search(seen.path):
                    injected.times -= 1
                    return injected.fault
        return None


class _Upstream:
    """The real server, as the kubeconfig's client certificate reaches it."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        config = yamlio.load(kubeconfig.read_text(encoding="utf-8"), str(kubeconfig)).value
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        pair = folder / "upstream.pem"
        parts = [user["client-certificate-data"], user["client-key-data"]]
        pair.write_bytes(b"\n".join(base64.b64decode(part) for part in parts))
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._context = ssl.create_default_context(cadata=authority)
        self._context.load_cert_chain(pair)
        self._host = urlsplit(cluster["server"]).netloc

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._host, context=self._context)


class _Handler(BaseHTTPRequestHandler):
    """One client connection; requests on it come one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def proxy(self) -> FaultyProxy:
        return self.server.proxy  # type: ignore[attr-defined, no-any-return]

    def handle(self) -> None:
        with self.proxy._counted(self.connection):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (OSError, ValueError, http.client.HTTPException):  # cut, on this side or on the other
            self.close_connection = True

    def serve(self) -> None:
        self.content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = Seen(self.command, self.path, dict(self.headers), time.monotonic())
        fault = self.proxy._take(seen)
        if not fault or not fault(self):
            self.forward()

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = serve  # noqa: N815 the library's own names

    @contextlib.contextmanager
    def upstream(self) -> Iterator[http.client.HTTPResponse]:
        """The real server's answer to this request."""
        headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "authorization")}
        with contextlib.closing(self.proxy._real.connect()) as connection:
            connection.connect()
            with self.proxy._counted(connection.sock):
                connection.request(self.command, self.path, self.content or None, headers)
                yield connection.getresponse()

    def forward(self) -> None:
        with self.upstream() as response:
            length = response.headers.get("Content-Length")
            self.send_response(response.status)
            for key, value in response.headers.items():
                if key.lower() not in ("transfer-encoding", "connection", "date", "server"):
                    self.send_header(key, value)
            if length is not None:
                self.end_headers()
                self.wfile.write(response.read())
                return
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while chunk := response.read1(65536):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.write(b"0\r\n\r\n")

    def reply(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def reset(self) -> None:
        """RST instead of an orderly end: what the client has not read yet is lost."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for each in (self.rfile, self.wfile, self.connection):
            each.close()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the library's own name
        """Nothing: what matters is in `seen`."""


def _kubeconfig(server: str) -> dict[str, Any]:
    return {
        "current-context": "faulty",
        "contexts": [{"name": "faulty", "context": {"cluster": "faulty", "user": "faulty"}}],
        "clusters": [{"name": "faulty", "cluster": {"server": server}}],
        "users": [{"name": "faulty", "user": {}}],
    }
