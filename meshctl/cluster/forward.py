"""A port of this machine that leads to a port of a pod."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from meshctl.errors import ClusterError, UsageError

if TYPE_CHECKING:
    from meshctl.cluster.websocket import WebSocket

PROTOCOL = "v4.channel.k8s.io"
LOCALHOST = "127.0.0.1"
PORT_TAKEN = "PortTaken"  # by another program, or by the system for those with more rights
_DATA, _ERROR = 0, 1
_ANNOUNCEMENT = 2  # bytes: each channel begins with the number of its port
_CHUNK = 64 * 1024
_FULL = 1024 * 1024  # bytes on their way, after which their sender has to wait
_LOOK = 1.0  # seconds between two looks at whether we were closed
_LINGER = 5.0  # seconds that a silent pod has to answer a client that has sent all it had


def free_of_rights(port: int, taken: set[int]) -> int:
    """A port of this machine for that port of a pod: it needs no rights and is not `taken` yet, and then is; 8080 for
    80."""
    local = port if port >= 1024 else port + 8000
    while local in taken:
        local = local + 1 if local < 65_535 else 1024
    taken.add(local)
    return local


class PortForward:
    """Listens from the start, at `port`. Each connection gets its own way into the pod that `connect` then chooses.

    `report` takes what goes wrong with one connection, in that connection's thread; the others go on.
    """

    def __init__(
        self, connect: Callable[[], WebSocket], report: Callable[[ClusterError], None], *, address: str, local: int
    ) -> None:
        """Raises UsageError when the port is taken; 0 is any free one."""
        self._connect = connect
        self._report = report
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            self._listener = socket.create_server((address, local), family=family)
        except OSError as error:
            why = str(error.strerror).partition(" (while ")[0]
            code = PORT_TAKEN if error.errno in (errno.EADDRINUSE, errno.EACCES) else "Usage"
            raise UsageError(f"cannot listen at {address}:{local}: {why}", code=code) from error
        self.port: int = self._listener.getsockname()[1]
        self._closed = threading.Event()
        threading.Thread(target=self._accept, name=f"port {self.port}", daemon=True).start()

    def close(self) -> None:
        """No new connections; those of the moment are cut."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), name=f"port {self.port}", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                websocket = self._connect()
            except ClusterError as error:
                self._report(error)
                return
            tunnel = _Tunnel(client, websocket)
            try:
                tunnel.carry(self._closed)
            finally:
                websocket.close()
            if tunnel.complaint:
                self._report(ClusterError(f"the pod refuses the connection: {tunnel.complaint}", code="PortForward"))


class _Tunnel:
    """Bytes between a client of this machine and a port of a pod."""

    def __init__(self, client: socket.socket, websocket: WebSocket) -> None:
        self._client = client
        self._websocket = websocket
        self._inbound = bytearray()
        self._errors = bytearray()
        self._announced = {_DATA: 0, _ERROR: 0}
        self._client_done = False

    @property
    def complaint(self) -> str:
        """What the kubelet said: nothing listens there, the pod is gone …"""
        return self._errors.decode("utf-8", "replace").strip()

    def carry(self, closed: threading.Event) -> None:
        """Until one side has ended, or we are closed."""
        self._client.settimeout(0)
        self._receive()
        poller = select.poll()
        while not closed.is_set() and not self._over:
            poller.register(self._websocket, self._wanted_of_pod())
            poller.register(self._client, self._wanted_of_client())
            ready = dict(poller.poll((_LINGER if self._client_done else _LOOK) * 1000))
            if ready.get(self._client.fileno(), 0) & (select.POLLHUP | select.POLLERR):
                return
            if self._client_done and not ready:
                return
            self._move()

    @property
    def _over(self) -> bool:
        return bool(self._errors) or (self._websocket.ended and not self._inbound)

    def _wanted_of_pod(self) -> int:
        reading = select.POLLIN if len(self._inbound) < _FULL else 0
        return reading | (select.POLLOUT if self._websocket.waiting else 0)

    def _wanted_of_client(self) -> int:
        reading = select.POLLIN if not self._client_done and self._websocket.waiting < _FULL else 0
        return reading | (select.POLLOUT if self._inbound else 0)

    def _move(self) -> None:
        self._receive()
        with contextlib.suppress(BlockingIOError):
            while self._inbound:
                del self._inbound[: self._client.send(self._inbound[:_CHUNK])]
        with contextlib.suppress(BlockingIOError):
            while not self._client_done and self._websocket.waiting < _FULL:
                sent = self._client.recv(_CHUNK)
                self._client_done = not sent
                if sent:
                    self._websocket.queue(_DATA, sent)
        self._websocket.flush()

    def _receive(self) -> None:
        for channel, data in self._websocket.receive():
            skipped = min(_ANNOUNCEMENT - self._announced.get(channel, _ANNOUNCEMENT), len(data))
            self._announced[channel] = self._announced.get(channel, _ANNOUNCEMENT) + skipped
            target = self._errors if channel == _ERROR else self._inbound
            target += data[skipped:]
