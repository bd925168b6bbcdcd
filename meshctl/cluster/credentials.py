"""Credentials that must be fetched or renewed: with exec.py the one place that imports `kubernetes`.

The official client knows the ways to log in (certificates, tokens, exec plugins, OIDC, service accounts) and TLS. It
says so in the log when a plugin fails and goes on as nobody; here that is an error.
"""

from __future__ import annotations

import logging
import shutil
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from meshctl.cluster.kubeconfig import Context
from meshctl.cluster.login import Login, impersonation, unusable
from meshctl.cluster.plain_login import PlainLogin, is_plain
from meshctl.cluster.target import is_loopback
from meshctl.errors import Unauthorized, Where

if TYPE_CHECKING:
    from urllib3 import PoolManager

Configuration = Any  # kubernetes.client.Configuration; the library has no types
_RENEWABLE = ("exec", "tokenFile", "auth-provider")  # these may give another token when they are asked again


class ClientLogin:
    """The official client's. A plugin runs once, however many threads find its token expired."""

    def __init__(self, load: Callable[[Configuration], None], user: Mapping[str, Any], where: Where | None) -> None:
        self._load = load
        self._user = user
        self._where = where
        self._lock = threading.Lock()
        self.configuration = self._loaded()

    @property
    def server(self) -> str:
        return str(self.configuration.host).rstrip("/")

    def pool_manager(self, size: int) -> PoolManager:
        """The official client's own: its TLS, its client certificates, its proxy."""
        from kubernetes.client import ApiClient

        self.configuration.connection_pool_maxsize = size
        self.configuration.keep_alive = True
        if not self.configuration.verify_ssl:
            import urllib3

            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # asked for, in so many words
        manager: PoolManager = ApiClient(configuration=self.configuration).rest_client.pool_manager
        return manager

    def headers(self) -> list[tuple[str, str]]:
        token = self._token()
        return [*impersonation(self._user), *([("Authorization", token)] if token else [])]

    def renew(self, refused: str) -> bool:
        if self._user and not any(key in self._user for key in _RENEWABLE):
            return False
        with self._lock:
            if _authorization(self.configuration) == refused:
                fresh = self._loaded()
                self.configuration.api_key = fresh.api_key
                self.configuration.refresh_api_key_hook = fresh.refresh_api_key_hook
            return _authorization(self.configuration) != refused

    def _token(self) -> str:
        """Asking the library renews the token when its time is over."""
        if not self.configuration.api_key:
            return ""
        with self._lock, self._failures_raised():
            return _authorization(self.configuration)

    def _loaded(self) -> Configuration:
        with self._failures_raised():
            configuration = _new_configuration()
            self._load(configuration)
            if is_loopback(configuration.host):
                configuration.proxy = None  # as in kubectl, a proxy of the environment is not for this machine
            return configuration

    @contextmanager
    def _failures_raised(self) -> Iterator[None]:
        with _errors_logged() as said:
            try:
                yield
            except Exception as error:
                raise unusable(str(error) or type(error).__name__, self._where) from error
        if said:
            raise unusable(said[-1], self._where)


def of_context(context: Context) -> Login:
    """By what stands in the kubeconfig where that is enough, else by the official client.

    Raises Unauthorized when a plugin is missing or fails, or a file of the credentials cannot be read.
    """
    if is_plain(context):
        return PlainLogin(context)
    user = context.for_client()["users"][0]["user"]
    where = context.user.where if user else context.cluster.where
    _check_plugin(user.get("exec") or {}, where)

    def load(configuration: Configuration) -> None:
        from kubernetes.config import load_kube_config_from_dict

        load_kube_config_from_dict(context.for_client(), client_configuration=configuration)  # type: ignore[no-untyped-call]

    return ClientLogin(load, user, where)


def of_pod(environ: Mapping[str, str], account: Path) -> Login:
    """The service account of the pod that we run in; its token is read again every minute."""

    def load(configuration: Configuration) -> None:
        from kubernetes.config.incluster_config import InClusterConfigLoader

        loader = InClusterConfigLoader(str(account / "token"), str(account / "ca.crt"), environ=environ)  # type: ignore[no-untyped-call]
        loader.load_and_set(configuration)  # type: ignore[no-untyped-call]

    return ClientLogin(load, {}, None)


def _new_configuration() -> Configuration:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the library's own libraries, while they are imported
        from kubernetes.client import Configuration as LibraryConfiguration

        return LibraryConfiguration()


def _authorization(configuration: Configuration) -> str:
    settings = configuration.auth_settings().get("BearerToken") or {}
    return str(settings.get("value") or "")


def _check_plugin(plugin: Mapping[str, Any], where: Where) -> None:
    command = str(plugin.get("command") or "")
    if plugin and not shutil.which(command):
        raise Unauthorized(
            f"the credential plugin {command or 'without a command'} is not installed",
            code="CredentialsUnusable",
            where=where,
            suggestion=str(plugin.get("installHint") or "").strip() or "install it, or log in another way",
        )


@contextmanager
def _errors_logged() -> Iterator[list[str]]:
    """What the library says with `logging.error`, which would otherwise set up logging and print to stderr."""
    said: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: said.append(record.getMessage()) if record.name == "root" else None  # type: ignore[method-assign]
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield said
    finally:
        root.removeHandler(handler)
