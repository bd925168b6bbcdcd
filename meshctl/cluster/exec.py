"""A command in a container: its input, its output, its exit code."""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from meshctl.cluster.failures import Operation, failure
from meshctl.errors import NotFound, Unreachable

if TYPE_CHECKING:
    from meshctl.cluster.websocket import WebSocket

# v5 can say that the input has ended; servers before 1.30 know v4 alone.
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_INPUT, _STATUS, _SIZE, _END = 0, 3, 4, 255
_OUTPUTS: dict[int, Literal["stdout", "stderr"]] = {1: "stdout", 2: "stderr"}
_EXIT_STATUS = re.compile(r"exit status (\d+)$")
_NO_PROGRAM = re.compile(r"executable file not found|no such file or directory")
_FULL = 1024 * 1024  # bytes of input that wait for the command to read them

Output = tuple[Literal["stdout", "stderr"], bytes]


class Execution:
    """Iterate it for the output, in one thread; the input may come from any other.

    After the last output `exit_code` is the command's. Raises ClusterError when it could not be run, or when the
    connection is cut.
    """

    def __init__(self, websocket: WebSocket, operation: Operation) -> None:
        self.exit_code: int | None = None
        self._websocket = websocket
        self._operation = operation
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._wake: socket.socket | None = None
        self._closed = False

    def __iter__(self) -> Iterator[Output]:
        with self._lock:
            self._wake, woken = socket.socketpair()
        try:
            yield from self._outputs()  # what came together with the connection
            while not self._over:
                self._wait(woken)
                yield from self._outputs()
        finally:
            woken.close()
            self._end()
        if self.exit_code is None and not self._closed:
            message = f"cannot {self._operation}: the connection was cut before it ended"
            raise Unreachable(message, code="ConnectionLost", suggestion="it may still be running")

    def send(self, data: bytes) -> None:
        """Waits while the command does not read what it was sent before."""
        with self._room:
            while self._websocket.waiting > _FULL and not self._over:
                self._room.wait(0.5)
            self._websocket.queue(_INPUT, data)
        self._notify()

    def end_input(self) -> None:
        """As Ctrl-D. Servers before 1.30 cannot be told."""
        if self._websocket.protocol == PROTOCOLS[0]:
            with self._lock:
                self._websocket.queue(_END, bytes((_INPUT,)))
            self._notify()

    def resize(self, columns: int, rows: int) -> None:
        with self._lock:
            self._websocket.queue(_SIZE, json.dumps({"Width": columns, "Height": rows}).encode())
        self._notify()

    def close(self) -> None:
        """Ends the iteration; most commands end when nobody reads them any more."""
        with self._lock:
            self._closed = True
            self._websocket.shut()
            if not self._wake:
                self._websocket.close()

    @property
    def _over(self) -> bool:
        return self._closed or self._websocket.ended or self.exit_code is not None

    def _notify(self) -> None:
        """Lets the iteration look at what there is to send."""
        with self._lock, contextlib.suppress(OSError):
            if self._wake:
                self._wake.send(b"\0")

    def _wait(self, woken: socket.socket) -> None:
        """Until something can be read, or sent."""
        poller = select.poll()
        poller.register(woken, select.POLLIN)
        poller.register(self._websocket, select.POLLIN | (select.POLLOUT if self._websocket.waiting else 0))
        if woken.fileno() in dict(poller.poll()):
            woken.recv(4096)
        with self._room:
            self._websocket.flush()
            self._room.notify_all()

    def _end(self) -> None:
        with self._room:
            self._websocket.close()
            if self._wake:
                self._wake.close()
            self._room.notify_all()

    def _outputs(self) -> Iterator[Output]:
        for channel, data in self._websocket.receive():
            if channel in _OUTPUTS and data:
                yield _OUTPUTS[channel], data
            elif channel == _STATUS:
                self._finish(json.loads(data))

    def _finish(self, status: dict[str, Any]) -> None:
        """A kubelet gives the exit code as a cause, KWOK in words."""
        causes = (status.get("details") or {}).get("causes") or []
        code = next((cause["message"] for cause in causes if cause.get("reason") == "ExitCode"), None)
        if found := _EXIT_STATUS.search(str(status.get("message") or "")):
            code = code or found[1]
        if status.get("status") == "Success":
            self.exit_code = 0
        elif code is not None:
            self.exit_code = int(code)
        elif _NO_PROGRAM.search(str(status.get("message") or "")):
            raise NotFound(f"cannot {self._operation}: there is no such program in it", code="NoProgram")
        else:
            raise failure(self._operation, int(status.get("code") or 500), json.dumps(status).encode(), {})
