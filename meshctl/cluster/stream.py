"""A response's body, line by line as it comes, that another thread may end at any time, even before it has begun.

A quiet container's log has no headers yet: the request waits for them as long as the container has nothing to say. So
`close` needs the socket before there is a response, which the connections of our pool hand over (`interruptible`).
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from meshctl.errors import ClusterError

_CHUNK = 64 * 1024  # bytes, at most; what has arrived is given at once
_opening: ContextVar[Stream | None] = ContextVar("opening", default=None)


class Stream:
    """`opened` sends the request when the first line is asked for, `broken` makes the error of a fault.

    `silence` is how many seconds the body may say nothing, None for ever. After `close` there are no errors: the
    lines just end.
    """

    def __init__(
        self,
        opened: Callable[[], BaseHTTPResponse],
        broken: Callable[[HTTPError], ClusterError],
        *,
        silence: float | None,
    ) -> None:
        self._closed = False
        self.begun = False  # whether the server has answered
        self._opened = opened
        self._broken = broken
        self._silence = silence
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def lines(self) -> Iterator[bytes]:
        r"""Split at \n alone. Raises ClusterError: refused, cut, or silent for too long."""
        response = self._open()
        if response is None:
            return
        pending = b""
        try:
            while chunk := self._read(response):
                *whole, pending = (pending + chunk).split(b"\n")
                yield from whole
            if pending and not self._closed:
                yield pending
        finally:
            response.close()

    def close(self) -> None:
        """Wakes a reader in another thread: its socket has nothing more to say."""
        with self._lock:
            self._closed = True
            self._shut()

    def attach(self, connection: Any) -> None:
        """The connection on which the request was sent, before its answer is waited for."""
        with self._lock:
            self._socket = connection.sock
            if self._closed:
                self._shut()

    def _shut(self) -> None:
        if self._socket:
            with contextlib.suppress(OSError):  # it has ended by itself
                self._socket.shutdown(socket.SHUT_RDWR)

    def _open(self) -> BaseHTTPResponse | None:
        token = _opening.set(self)
        try:
            response = self._opened()
        except ClusterError:
            if self._closed:
                return None
            raise
        finally:
            _opening.reset(token)
        self.begun = True
        if self._socket:
            self._socket.settimeout(self._silence)
        return response

    def _read(self, response: BaseHTTPResponse) -> bytes:
        try:
            return b"" if self._closed else response.read1(_CHUNK) or b""
        except HTTPError as fault:
            if self._closed:
                return b""
            raise self._broken(fault) from fault


class _Interruptible:
    """Mixed into the pool's connections."""

    def getresponse(self) -> Any:
        if stream := _opening.get():
            stream.attach(self)
        return super().getresponse()  # type: ignore[misc]


def interruptible(connection: type[Any]) -> type[Any]:
    """The class of connections, handing their socket to the stream that is being opened in the same thread."""
    return type(f"Interruptible{connection.__name__}", (_Interruptible, connection), {})
