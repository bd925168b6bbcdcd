"""WebSockets (RFC 6455) as the API server uses them: messages whose first byte is the number of a channel.

The upgrade is an ordinary request, so that it goes through our pool, with its TLS, proxies, credentials and errors.
Nothing here blocks: whoever owns one waits for its socket, together with whatever else it carries bytes to and from.
"""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_CHUNK = 64 * 1024
_CONTINUATION, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x2, 0x8, 0x9, 0xA
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def upgrade_headers(*protocols: str) -> dict[str, str]:
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Protocol": ",".join(protocols),
    }


class WebSocket:
    """Made of the answer 101. `ended` once the server has said goodbye, or nothing more at all."""

    def __init__(self, response: BaseHTTPResponse) -> None:
        self.protocol = response.headers.get("Sec-WebSocket-Protocol") or ""
        self.ended = False
        self._response = response  # its end is the end of the socket
        self._socket: socket.socket = response.connection.sock  # type: ignore[union-attr]
        self._socket.settimeout(0)
        self._arrived = bytearray(_read_ahead(response))
        self._message = bytearray()
        self._outgoing = bytearray()

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def waiting(self) -> int:
        """Bytes that have not been sent yet."""
        return len(self._outgoing)

    def queue(self, channel: int, data: bytes) -> None:
        self._queue(_BINARY, bytes((channel,)) + data)

    def flush(self) -> None:
        """Sends what can be sent now."""
        try:
            while self._outgoing:
                del self._outgoing[: self._socket.send(self._outgoing[:_CHUNK])]
        except _NOT_NOW:
            return
        except OSError:
            self.ended = True

    def receive(self) -> Iterator[tuple[int, bytes]]:
        """(channel, data) of all that has arrived."""
        self._read()
        for message in self._messages():
            if message:
                yield message[0], message[1:]

    def shut(self) -> None:
        """From any thread: whoever waits for the socket finds it ended."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """From the thread that waits for the socket, when it no longer does."""
        self.shut()
        self._response.close()

    def _read(self) -> None:
        try:
            while chunk := self._socket.recv(_CHUNK):
                self._arrived += chunk
            self.ended = True
        except _NOT_NOW:
            return
        except OSError:
            self.ended = True

    def _messages(self) -> Iterator[bytes]:
        while frame := self._frame():
            final, opcode, payload = frame
            if opcode == _CLOSE:
                self.ended = True
            elif opcode == _PING:
                self._queue(_PONG, payload)
            elif opcode != _PONG:
                self._message += payload
                if final:
                    yield bytes(self._message)
                    self._message.clear()

    def _frame(self) -> tuple[bool, int, bytes] | None:
        """(final, opcode, payload) of the first frame that is whole; a server's frames are not masked."""
        if len(self._arrived) < 2:
            return None
        length, start = self._arrived[1] & 0x7F, 2
        if length >= 126:
            size = 2 if length == 126 else 8
            start += size
            length = int.from_bytes(self._arrived[2:start], "big")
        if len(self._arrived) < start + length:
            return None
        first, payload = self._arrived[0], bytes(self._arrived[start : start + length])
        del self._arrived[: start + length]
        return bool(first & 0x80), first & 0x0F, payload

    def _queue(self, opcode: int, payload: bytes) -> None:
        """A client's frames must be masked."""
        length = len(payload)
        if length < 126:
            size = bytes((0x80 | length,))
        elif length < 2**16:
            size = b"\xfe" + length.to_bytes(2, "big")
        else:
            size = b"\xff" + length.to_bytes(8, "big")
        key = os.urandom(4)
        self._outgoing += bytes((0x80 | opcode,)) + size + key + _masked(payload, key)


def _masked(payload: bytes, key: bytes) -> bytes:
    """XOR as one large number: a byte at a time would take a second for every few megabytes."""
    length = len(payload)
    mask = (key * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(length, "big")


def _read_ahead(response: BaseHTTPResponse) -> bytes:
    """What the library has read past the headers: the first messages may have come together with them."""
    reader: Any = response._fp.fp  # type: ignore[attr-defined] # noqa: SLF001 nothing public leads there
    try:
        return reader.read1(_CHUNK) or b""
    except _NOT_NOW:
        return b""
