"""Certificates, tokens and passwords that simply stand in the kubeconfig, without the official client.

Importing that one costs more than all else that a short command does (docs/adr/0006), and most kubeconfigs need nothing
of it: whatever has to be fetched, renewed or sent through a proxy is left to `credentials`.
"""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

from meshctl.cluster.kubeconfig import Context
from meshctl.cluster.login import impersonation, unusable
from meshctl.cluster.target import is_loopback
from meshctl.errors import Where

if TYPE_CHECKING:
    from urllib3 import PoolManager

_OF_USER = {"client-certificate", "client-key", "token", "username", "password", "as", "as-uid", "as-groups"}
_OF_CLUSTER = {"server", "certificate-authority", "insecure-skip-tls-verify", "tls-server-name"}
_DATA = {"client-certificate-data", "client-key-data", "certificate-authority-data"}
_IGNORED = {"as-user-extra", "extensions", "disable-compression"}
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPALIVE": 30, "TCP_KEEPINTVL": 30, "TCP_KEEPCNT": 9}  # as client-go's


def is_plain(context: Context) -> bool:
    """Whether nothing has to be fetched or renewed, and no proxy is in the way."""
    parts = context.for_client()
    cluster, user = parts["clusters"][0]["cluster"], parts["users"][0]["user"]
    plain = cluster.keys() <= _OF_CLUSTER | _DATA | _IGNORED and user.keys() <= _OF_USER | _DATA | _IGNORED
    return plain and (is_loopback(context.server) or not getproxies())


class PlainLogin:
    """There is nothing to renew: what the server refuses once it refuses always."""

    def __init__(self, context: Context) -> None:
        parts = context.for_client()
        self._cluster: Mapping[str, Any] = parts["clusters"][0]["cluster"]
        self._user: Mapping[str, Any] = parts["users"][0]["user"]
        self._where: Where = context.user.where if self._user else context.cluster.where
        self._authorization = _authorization(self._user)
        self.server = context.server.rstrip("/")

    def pool_manager(self, size: int) -> PoolManager:
        import urllib3

        settings: dict[str, Any] = {"maxsize": size, "socket_options": _socket_options()}
        if self.server.startswith("https:"):
            settings["ssl_context"] = self._tls()
            if name := self._cluster.get("tls-server-name"):
                settings["server_hostname"] = str(name)
        if self._insecure:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # asked for, in so many words
            settings["cert_reqs"] = ssl.CERT_NONE
        return urllib3.PoolManager(**settings)

    def headers(self) -> list[tuple[str, str]]:
        return [*impersonation(self._user), *self._authorization]

    def renew(self, refused: str) -> bool:  # noqa: ARG002 - there is nothing else to try with, whatever it was
        return False

    @property
    def _insecure(self) -> bool:
        return bool(self._cluster.get("insecure-skip-tls-verify"))

    def _tls(self) -> ssl.SSLContext:
        from urllib3.util.ssl_ import create_urllib3_context

        context = create_urllib3_context(cert_reqs=ssl.CERT_NONE if self._insecure else ssl.CERT_REQUIRED)
        try:
            self._trust(context)
            self._identify(context)
        except (OSError, ValueError) as error:  # of ssl and base64 too
            raise unusable(str(error), self._where) from error
        return context

    def _trust(self, context: ssl.SSLContext) -> None:
        if authority := self._cluster.get("certificate-authority-data"):
            context.load_verify_locations(cadata=_decoded(authority).decode())
        elif authority := self._cluster.get("certificate-authority"):
            context.load_verify_locations(cafile=_readable(authority))
        elif not self._insecure:
            context.load_default_certs()

    def _identify(self, context: ssl.SSLContext) -> None:
        with self._file("client-certificate") as certificate, self._file("client-key") as key:
            if certificate:
                context.load_cert_chain(certificate, key)

    @contextmanager
    def _file(self, name: str) -> Iterator[str | None]:
        """A path, as `ssl` takes nothing else; data is in a file only while it is read."""
        data = self._user.get(f"{name}-data")
        if not data:
            path = self._user.get(name)
            yield _readable(path) if path else None
            return
        handle, path = tempfile.mkstemp()
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_decoded(data))
            yield path
        finally:
            os.unlink(path)  # noqa: PTH108 - mkstemp gives a text


def _authorization(user: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A token goes before a name and its password, as in kubectl."""
    if token := user.get("token"):
        return [("Authorization", f"Bearer {token}")]
    if name := user.get("username"):
        pair = f"{name}:{user.get('password') or ''}".encode()
        return [("Authorization", f"Basic {base64.b64encode(pair).decode()}")]
    return []


def _readable(path: str) -> str:
    """`ssl` does not say which of its files it could not read."""
    try:
        with open(path, "rb"):  # noqa: PTH123 - only to see whether it opens
            return path
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error


def _decoded(data: Any) -> bytes:
    return base64.b64decode(str(data), validate=False)


def _socket_options() -> list[tuple[int, int, int]]:
    """The kernel finds out about a peer that is gone, also under a watch on which nothing is said."""
    import socket

    from urllib3.connection import HTTPConnection

    options = [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    known = {name: getattr(socket, name) for name in _KEEPALIVE if hasattr(socket, name)}
    return [*options, *((socket.IPPROTO_TCP, option, _KEEPALIVE[name]) for name, option in known.items())]
