"""The cluster that was chosen, as guards and messages name it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_LOCAL_CONTEXT = re.compile(r"kind-.+|minikube|docker-desktop|docker-for-desktop|k3d-.+")


@dataclass(frozen=True)
class Target:
    """`namespace` is its kubeconfig's and may be empty; `source` says why this one: an option, KUBECONFIG …

    `local` is a cluster on this machine, which the guards let pass.
    """

    context: str
    server: str
    namespace: str
    kubeconfig: str
    source: str
    local: bool


def is_local(context: str, server: str) -> bool:
    return bool(_LOCAL_CONTEXT.fullmatch(context)) or is_loopback(server)


def is_loopback(server: str) -> bool:
    """0.0.0.0 counts: some tools for local clusters write it."""
    host = urlsplit(server if "//" in server else f"//{server}").hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified
