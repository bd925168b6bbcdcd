"""Names of hosts as Istio reads them: short, full, with a wildcard in front."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

CLUSTER_DOMAIN = "cluster.local"

_LABEL = re.compile(r"[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?", re.ASCII)
_WILDCARD_LABEL = re.compile(r"\*|(\*|\*-)?[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?", re.ASCII)
_MADE_BY_SIDECARS = re.compile(r"outbound_\.[0-9]{1,5}_\.[^.]*_\.(?P<host>.+)")
_LONGEST_LABEL = 63
_LONGEST_NAME = 255


def is_label(text: str) -> bool:
    """A DNS label, capital letters too."""
    return len(text) <= _LONGEST_LABEL and bool(_LABEL.fullmatch(text))


def is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_network(text: str) -> bool:
    """An address, or a range as 10.0.0.0/8; Istio does not mind bits right of the mask."""
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return False
    return True


def full_name_fault(name: str) -> str:
    """Why a text is no full DNS name; empty if it is one."""
    return _length_fault(name) or _labels_fault(name, name)


@lru_cache(maxsize=4096)
def host_fault(name: str) -> str:
    """Why a text is no DNS name that may begin with a wildcard; empty if it is one."""
    if fault := _length_fault(name):
        return fault
    first, _, rest = name.partition(".")
    if len(first) > _LONGEST_LABEL or not _WILDCARD_LABEL.fullmatch(first):
        return f'"{name}" is no DNS name: "{first}" is no label'
    return _labels_fault(rest, name) if rest else ""


def server_name_fault(name: str) -> str:
    """Why a text is no name that a client of TLS asks for: a host, or one that sidecars make themselves of a port, a
    subset and a host."""
    made = _MADE_BY_SIDECARS.fullmatch(name)
    return host_fault(made["host"] if made else name)


def _length_fault(name: str) -> str:
    if not name:
        return "the host is empty"
    return f"a host has at most {_LONGEST_NAME} characters, not {len(name)}" if len(name) > _LONGEST_NAME else ""


def _labels_fault(labels: str, name: str) -> str:
    parts = labels.removesuffix(".").split(".")
    if parts[-1].isdecimal():
        return f'"{name}" is no DNS name: its last label "{parts[-1]}" is a number'
    for part in parts:
        if not is_label(part):
            return f'"{name}" is no DNS name: "{part}" is no label'
    return ""


def is_partial_wildcard(name: str) -> bool:
    """`*foo.com`: Istio matches it nowhere."""
    return "*" in name and name != "*" and not name.startswith("*.")


def expanded(host: str, namespace: str) -> str:
    """A host as the mesh knows it: a short name belongs to the namespace of who says it; all others stay."""
    if not host or "." in host or "*" in host or ":" in host:
        return host
    return f"{host}.{namespace}.svc.{CLUSTER_DOMAIN}"


def service_name(host: str) -> tuple[str, str] | None:
    """Namespace and name of the Service that a full name stands for; None for hosts outside of the cluster."""
    name, _, rest = host.partition(".")
    namespace, dot, domain = rest.partition(".")
    return (namespace, name) if dot and domain == f"svc.{CLUSTER_DOMAIN}" else None


def overlap(one: str, other: str) -> bool:
    """Whether some host is meant by both, wildcards included."""
    if one.startswith("*") and other.startswith("*"):
        return one[1:].endswith(other[1:]) or other[1:].endswith(one[1:])
    if one.startswith("*"):
        return other.endswith(one[1:])
    return one.endswith(other[1:]) if other.startswith("*") else one == other


def within(one: str, other: str) -> bool:
    """Whether every host that `one` means is meant by `other`."""
    if not other.startswith("*"):
        return one == other
    return (
        len(one) >= len(other) and one.removeprefix("*").endswith(other[1:])
        if one.startswith("*")
        else one.endswith(other[1:])
    )
