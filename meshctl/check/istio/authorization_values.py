"""Values that an AuthorizationPolicy compares with, and why one is wrong."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from meshctl.check.istio.names import is_ip
from meshctl.check.istio.values import LARGEST_PORT, port_of
from meshctl.check.istio.virtual_services.answers import METHODS
from meshctl.errors import did_you_mean

_ONE, _REST = "{*}", "{**}"
_LITERAL = re.compile(r"[-a-zA-Z0-9._~%!$&'()+,;:@=]+")


def negated(name: str) -> str:
    """`notPrincipals` of `principals`."""
    return f"not{name[0].upper()}{name[1:]}"


def _address_fault(text: str) -> str:
    try:
        ipaddress.ip_interface(text)
    except ValueError:
        return f'"{text}" is neither an address nor a range of them'
    return "" if "/" in text or is_ip(text) else f'"{text}" is no address'


def _port_fault(text: str) -> str:
    number = port_of(text)
    return f'"{text}" is no port' if number is None or number > LARGEST_PORT else ""


def _path_fault(path: str) -> str:
    """A template has `{*}` for one segment of the path, and `{**}` for any number of them as its last variable."""
    is_template, ended = _ONE in path or _REST in path, False
    for segment in path.strip("/").split("/"):
        if segment in (_ONE, _REST):
            if ended:
                return f'"{path}" has {segment} after {_REST}, which is the last one'
            ended = segment == _REST
        elif "{" in segment or "}" in segment:
            return f'"{path}" has braces that are no segment {_ONE} or {_REST}'
        elif is_template and not _LITERAL.fullmatch(segment):
            return f'"{path}" is a template, in which "{segment}" is no segment'
    return ""


def _account_fault(text: str) -> str:
    namespace, slash, account = text.rpartition("/")
    if "*" in text or "/" in namespace or not account or (slash and not namespace):
        return f'"{text}" is no <namespace>/<service account>, nor a service account of this namespace'
    return ""


def _method_fault(method: str) -> str:
    if "*" in method or method in METHODS or method.startswith("/"):  # gRPC: the full name of a method
        return ""
    advice = did_you_mean(method, METHODS)
    return f'HTTP has no method "{method}"' + (f": {advice}" if advice else "")


JUDGES: dict[str, Callable[[str], str]] = {
    name: judge
    for base, judge in (
        ("ipBlocks", _address_fault),
        ("remoteIpBlocks", _address_fault),
        ("ports", _port_fault),
        ("paths", _path_fault),
        ("methods", _method_fault),
        ("serviceAccounts", _account_fault),
    )
    for name in (base, negated(base))
}


KEYS: dict[str, Callable[[str], str] | None] = {
    "source.ip": _address_fault,
    "remote.ip": _address_fault,
    "destination.ip": _address_fault,
    "destination.port": _port_fault,
    "source.namespace": None,
    "source.principal": None,
    "source.serviceAccount": _account_fault,
    "request.auth.principal": None,
    "request.auth.audiences": None,
    "request.auth.presenter": None,
    "connection.sni": None,
}


KEYS_OF_MAPS = (
    "request.headers",
    "request.auth.claims",
    "request.experimental.inline.headers",
    "experimental.envoy.filters.",
)


_REPLACED = {
    "destination.namespace": "the namespace of the policy",
    "destination.labels": "the selector",
    "destination.name": "the selector",
    "destination.user": "the selector",
}


def is_replaced(key: str) -> bool:
    """Whether something else in a policy says today what the key once said."""
    return key.partition("[")[0] in _REPLACED


def key_fault(key: str) -> str:
    base, bracket, rest = key.partition("[")
    if base in _REPLACED:
        return f'"{base}" is no key any more: {_REPLACED[base]} says it'
    if any(key.startswith(each) for each in KEYS_OF_MAPS):
        return "" if bracket and base and rest.endswith("]") and len(rest) > 1 else f'"{key}" is written {base}[name]'
    return "" if key in KEYS else f'Istio knows no key "{key}"'
