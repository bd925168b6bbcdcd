"""Requests and their answers: retries, deadlines, and the one count of all that was sent.

What is repeated: anything that the server never saw, or asked to send again later (Retry-After); after that only what
may be done twice. What the first request of all finds wrong with the connection is told at once: then it is more often
a wrong address than a server that is about to come back.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from http import HTTPStatus
from urllib.parse import urlencode

from urllib3 import BaseHTTPResponse, HTTPHeaderDict, Timeout
from urllib3.exceptions import HTTPError

from meshctl import __version__
from meshctl.cluster.failures import failure
from meshctl.cluster.login import Login
from meshctl.cluster.pace import Pace
from meshctl.cluster.requests import Answer, Request
from meshctl.cluster.stream import Stream, interruptible
from meshctl.cluster.target import Target
from meshctl.cluster.unreachable import LASTING, UNSENT, unreachable
from meshctl.cluster.websocket import WebSocket
from meshctl.errors import ClusterError, Overloaded, Unauthorized, Unreachable
from meshctl.manifest.secrecy import masked

PATIENCE = 30.0  # seconds from the first try to the last
ADMISSION = 30.0  # seconds that webhooks may take, on top of the server's own time, before a write is answered
_LONGEST_PAUSE = 5.0
_RENEWALS = 3  # new tokens for one request
_SAME_FAULT = 2  # repetitions of what made the server fail; all but its store's own faults are then about the request
_STORE = "etcdserver: "
_TOO_MUCH = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
_AGAIN = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE,
          HTTPStatus.GATEWAY_TIMEOUT)  # fmt: skip


class Transport:
    """One server, one pool of connections, any number of threads."""

    def __init__(self, login: Login, target: Target, *, pool: int, timeout: float) -> None:
        self.target = target
        self.login = login
        self.requests: Counter[str] = Counter()
        self.throttled = 0
        self._pool = login.pool_manager(pool)
        connections = self._pool.connection_from_url(login.server)
        connections.ConnectionCls = interruptible(connections.ConnectionCls)
        self._timeout = timeout
        self._lock = threading.Lock()
        self.pace = Pace(pool)
        self.closing = threading.Event()
        self._reached = False

    def send(self, request: Request) -> Answer:
        """Raises ClusterError."""
        within = request.patience or self._timeout + (0 if request.method == "GET" else ADMISSION)
        response = self._persist(request, within, stream=False)
        return Answer(request.operation, response.status, response.headers, response.data)

    def open(self, request: Request, *, silence: float | None, patient: bool = False) -> Stream:
        """A body that is read as it comes, sent when its first line is asked for, and sent once: readers begin again.

        `silence` is how many seconds it may say nothing, None for ever; `patient` lets the answer begin as late.
        """
        within = silence if patient else self._timeout

        def opened() -> BaseHTTPResponse:
            return self._try(request, within, stream=True)

        def broken(fault: HTTPError) -> ClusterError:
            return self._unreachable(request, fault, silence)

        return Stream(opened, broken, silence=silence)

    def upgrade(self, request: Request) -> WebSocket:
        """A connection that is no longer HTTP's. Raises ClusterError, what the kubelet refuses included."""
        response = self._persist(request, self._timeout + ADMISSION, stream=True)
        if response.status != HTTPStatus.SWITCHING_PROTOCOLS:
            response.close()
            message = f"cannot {request.operation}: what is between us and {self.target.server} allows no WebSockets"
            raise Unreachable(message, code="NoWebSocket", suggestion="look at proxies")
        return WebSocket(response)

    def close(self) -> None:
        """Ends pauses between tries; the connections go as their requests end."""
        self.closing.set()
        self.pace.close()
        self._pool.clear()

    def _persist(self, request: Request, within: float | None, *, stream: bool) -> BaseHTTPResponse:
        until = time.monotonic() + (request.patience or PATIENCE)
        tries = 0
        while True:
            try:
                return self._try(request, within, stream=stream)
            except ClusterError as error:
                pause = self._pause(request, error, tries)
                if pause is None or time.monotonic() + pause > until or self.closing.wait(pause):
                    raise
                tries += 1

    def _try(self, request: Request, within: float | None, *, stream: bool) -> BaseHTTPResponse:
        """One request, and again whenever a refused token could be renewed: that of a plugin may be short-lived."""
        for _ in range(_RENEWALS):
            authorization = self.login.headers()
            try:
                return self._paced(request, authorization, within, stream=stream)
            except Unauthorized:
                if not self.login.renew(dict(authorization).get("Authorization", "")):
                    raise
        return self._paced(request, self.login.headers(), within, stream=stream)

    def _paced(
        self, request: Request, authorization: list[tuple[str, str]], within: float | None, *, stream: bool
    ) -> BaseHTTPResponse:
        """When there is room for it; what is read as it comes may go on for ever, and needs none."""
        if stream:
            return self._once(request, authorization, within, stream=stream)
        with self.pace.turn() as begun:
            try:
                response = self._once(request, authorization, within, stream=stream)
            except Overloaded as error:
                if error.status in _TOO_MUCH:
                    self.pace.slow_down(begun)
                raise
        self.pace.speed_up()
        return response

    def _once(
        self, request: Request, authorization: list[tuple[str, str]], within: float | None, *, stream: bool
    ) -> BaseHTTPResponse:
        with self._lock:
            self.requests[request.counted] += 1
        try:
            response = self._pool.urlopen(
                request.method,
                self._url(request),
                body=None if request.body is None else json.dumps(request.body).encode(),
                headers=self._headers(request, authorization, stream=stream),
                timeout=Timeout(connect=self._timeout, read=within),
                retries=False,
                redirect=False,
                preload_content=not stream,
            )
        except HTTPError as fault:
            raise self._unreachable(request, fault, within) from fault
        self._reached = True
        if response.status < 300:
            return response
        raise self._refused(request, response)

    def _unreachable(self, request: Request, fault: HTTPError, within: float | None) -> Unreachable:
        return unreachable(request.operation, self.target, fault, Timeout(connect=self._timeout, read=within))

    def _refused(self, request: Request, response: BaseHTTPResponse) -> ClusterError:
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            with self._lock:
                self.throttled += 1
        try:
            body = response.data
        except HTTPError:
            body = b""  # the status alone says enough
        return failure(request.operation, response.status, masked(body, request.body), response.headers)

    def _pause(self, request: Request, error: ClusterError, tries: int) -> float | None:
        """Seconds until the next try, None when there is none. Spread, so that threads do not all come back at once."""
        spread = random.uniform(0.5, 1.0)  # noqa: S311 no secret
        pause: float = min(0.2 * 2**tries, _LONGEST_PAUSE) * spread
        if isinstance(error, Overloaded):
            return _pause_of_busy(request, error, pause, tries)
        if error.status or error.code in LASTING or error.code == "CredentialsUnusable":
            return None
        if error.code in UNSENT:
            return pause if self._reached else None
        if error.code == "Timeout" and tries:
            return None  # each costs the whole time, and a second silence is an answer
        return pause if request.repeatable else None

    def _url(self, request: Request) -> str:
        query = urlencode({key: value for key, value in request.query.items() if value not in (None, "")}, doseq=True)
        return f"{self.login.server}{request.path}" + (f"?{query}" if query else "")

    def _headers(self, request: Request, authorization: list[tuple[str, str]], *, stream: bool) -> HTTPHeaderDict:
        """Compressed only from afar: on this machine it costs more than it saves."""
        headers = HTTPHeaderDict(authorization)
        headers.extend(request.headers)
        headers["User-Agent"] = f"meshctl/{__version__}"
        headers["Accept"] = request.accept
        headers["Accept-Encoding"] = "identity" if stream or self.target.local else "gzip"
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        return headers


def _pause_of_busy(request: Request, error: Overloaded, pause: float, tries: int) -> float | None:
    if error.retry_after is not None:
        return error.retry_after + pause
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        return pause  # turned away before it was looked at
    if error.status == HTTPStatus.INTERNAL_SERVER_ERROR and tries >= _SAME_FAULT and _STORE not in error.message:
        return None
    passing = error.status in _AGAIN and error.code != "WebhookUnavailable"
    return pause if request.repeatable and passing else None
