"""A watch that goes on: across the server's own timeouts, cut connections and silence, until it is closed."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from meshctl.cluster.failures import failure
from meshctl.cluster.requests import Request
from meshctl.errors import ClusterError, Overloaded, Unreachable

if TYPE_CHECKING:
    from meshctl.cluster.stream import Stream
    from meshctl.cluster.transport import Transport

# The server ends the watch after that many seconds; spread, so that all watches of a run do not come back at once.
# Short, as nothing else tells a quiet watch from one whose connection swallows what the server says.
ROUND = (30, 45)
SLACK = 10.0  # seconds beyond its round after which a watch that says nothing is taken for dead
OUTAGE = 60.0  # seconds without a connection after which a watch gives up
SHORTEST_ROUND = 0.5  # seconds: something that ends every watch at once is not asked in a tight loop


class WatchEvent(NamedTuple):
    """`type` is ADDED, MODIFIED or DELETED."""

    type: str
    object: dict[str, Any]


class Watch:
    """Iterate it in one thread; `close` from any other ends the iteration at once.

    Raises Gone when the server no longer knows the resource version: list again. Raises what no further try would
    heal (Forbidden, NoSuchKind …), and Unreachable after a minute without a connection.
    """

    def __init__(
        self,
        transport: Transport,
        request: Callable[[str, int], Request],
        resource_version: str,
        *,
        outage: float = OUTAGE,
        rounds: tuple[int, int] = ROUND,
        slack: float = SLACK,
    ) -> None:
        """`request` makes the request that watches from a resource version, for a number of seconds."""
        self._transport = transport
        self._request = request
        self._resource_version = resource_version
        self._outage = outage
        self._rounds = rounds
        self._slack = slack
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._stream: Stream | None = None

    def __iter__(self) -> Iterator[WatchEvent]:
        out_since: float | None = None
        while not self._closed.is_set():
            began = time.monotonic()
            try:
                yield from self._round()
            except (Unreachable, Overloaded) as error:
                begun = self._stream is not None and self._stream.begun
                out_since = None if begun else out_since or began
                if out_since and time.monotonic() - out_since > self._outage:
                    raise
                self._closed.wait(_pause(error))
            else:
                out_since = None
                self._closed.wait(SHORTEST_ROUND - (time.monotonic() - began))

    def close(self) -> None:
        with self._lock:
            self._closed.set()
            stream = self._stream
        if stream:
            stream.close()

    def _round(self) -> Iterator[WatchEvent]:
        """The events of one connection."""
        seconds = random.randint(*self._rounds)  # noqa: S311 no secret
        request = self._request(self._resource_version, seconds)
        stream = self._transport.open(request, silence=seconds + self._slack)
        with self._lock:
            self._stream = stream
            if self._closed.is_set():
                return
        for line in stream.lines():
            if event := self._event(request, line):
                yield event

    def _event(self, request: Request, line: bytes) -> WatchEvent | None:
        """None for a bookmark, which only moves the resource version. Raises the error that an ERROR event carries."""
        try:
            event = json.loads(line)
        except ValueError:
            return None  # cut short by something between; the next round begins before it
        body: dict[str, Any] = event["object"]
        if event["type"] == "ERROR":
            raise failure(request.operation, int(body.get("code") or 500), json.dumps(body).encode(), {})
        self._resource_version = body["metadata"]["resourceVersion"]
        return None if event["type"] == "BOOKMARK" else WatchEvent(event["type"], body)


def _pause(error: ClusterError) -> float:
    asked = error.retry_after if isinstance(error, Overloaded) else None
    return asked or random.uniform(0.1, 0.5)  # noqa: S311 no secret
