"""Who we are to the API server: what every way to log in offers to the transport."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from meshctl.errors import Unauthorized, Where

if TYPE_CHECKING:
    from urllib3 import PoolManager


class Login(Protocol):
    """Credentials for one server. Thread-safe."""

    @property
    def server(self) -> str:
        """With the path that some proxies have (https://rancher.example/k8s/clusters/c-1), no slash at its end."""

    def pool_manager(self, size: int) -> PoolManager:
        """Connections with TLS and client certificates. Raises Unauthorized when a certificate cannot be used."""

    def headers(self) -> list[tuple[str, str]]:
        """Authorization and impersonation. Raises Unauthorized when an expired token cannot be renewed."""

    def renew(self, refused: str) -> bool:
        """After a 401 for that Authorization: is there another to try with?"""


def impersonation(user: Mapping[str, Any]) -> list[tuple[str, str]]:
    """kubectl's --as in a kubeconfig. The official client leaves it out, which would act with more rights than were
    meant."""
    headers = [("Impersonate-User", str(user["as"]))] if user.get("as") else []
    headers += [("Impersonate-Uid", str(user["as-uid"]))] if user.get("as-uid") else []
    headers += [("Impersonate-Group", str(group)) for group in user.get("as-groups") or []]
    for key, values in (user.get("as-user-extra") or {}).items():
        headers += [(f"Impersonate-Extra-{key}", str(value)) for value in values]
    return headers


def unusable(reason: str, where: Where | None) -> Unauthorized:
    return Unauthorized(
        f"the credentials cannot be used: {reason}",
        code="CredentialsUnusable",
        where=where,
        suggestion="log in to the cluster again; `kubectl get namespaces` tries the same credentials",
    )
