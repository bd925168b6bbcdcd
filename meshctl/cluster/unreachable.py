"""From a fault of the connection to an error of ours, with a sentence for each of the usual causes."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import NamedTuple

from urllib3 import Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from meshctl.cluster.failures import Operation
from meshctl.cluster.target import Target
from meshctl.errors import Unreachable

# Codes of faults that happened before the server can have seen the request.
UNSENT = frozenset({"ConnectionRefused", "ConnectionTimeout", "UnknownHost", "NoRoute"})
# Codes of faults that no second try heals.
LASTING = frozenset({"Certificate", "NoTLS"})


class _Cause(NamedTuple):
    code: str
    why: str
    suggestion: str


def unreachable(operation: Operation, target: Target, fault: HTTPError, waited: Timeout) -> Unreachable:
    """`waited` is how long the connection and its answer were waited for."""
    explain = next((each for kind, each in _EXPLANATIONS if isinstance(fault, kind)), _lost)
    cause = explain(target, fault, waited)
    return Unreachable(f"cannot {operation}: {cause.why}", code=cause.code, suggestion=cause.suggestion)


def _proxy(target: Target, fault: HTTPError, _: Timeout) -> _Cause:
    why = f"the proxy before {target.server} does not let us through: {_said(fault)}"
    return _Cause("Proxy", why, "look at HTTPS_PROXY and NO_PROXY, or at proxy-url in the kubeconfig")


def _unknown_host(target: Target, _: HTTPError, __: Timeout) -> _Cause:
    return _Cause("UnknownHost", f"no host is known by the name in {target.server}", _network(target))


def _not_connected(target: Target, fault: HTTPError, _: Timeout) -> _Cause:
    if isinstance(fault.__cause__, ConnectionRefusedError):
        return _Cause("ConnectionRefused", f"nothing listens at {target.server}", _start(target))
    if isinstance(fault.__cause__, socket.gaierror):
        return _Cause("UnknownHost", f"no host is known by the name in {target.server}", _network(target))
    return _Cause("NoRoute", f"there is no way to {target.server}: {_said(fault)}", _network(target))


def _no_connection_in_time(target: Target, _: HTTPError, waited: Timeout) -> _Cause:
    why = f"{target.server} took no connection within {waited.connect_timeout} s"
    return _Cause("ConnectionTimeout", why, _network(target))


def _silent(target: Target, _: HTTPError, waited: Timeout) -> _Cause:
    why = f"{target.server} has said nothing for {waited.read_timeout} s"
    return _Cause("Timeout", why, "it may have too much to do, or something in between may swallow what it says")


def _not_trusted(target: Target, fault: HTTPError, _: Timeout) -> _Cause:
    said, server = str(fault), target.server
    if "WRONG_VERSION_NUMBER" in said or "record layer failure" in said:
        return _Cause("NoTLS", f"{server} does not speak TLS", "look at the port, or is its scheme http?")
    reasons = {
        "mismatch": f"the certificate of {server} is for another name",
        "has expired": f"the certificate of {server} has expired",
        "CERTIFICATE_VERIFY_FAILED": f"the certificate of {server} is by no authority that its kubeconfig names",
        "ALERT": f"{server} does not accept our client certificate",
    }
    why = next((why for mark, why in reasons.items() if mark in said), f"no TLS with {server}: {_said(fault)}")
    return _Cause("Certificate", why, _renew(target))


def _lost(target: Target, fault: HTTPError, _: Timeout) -> _Cause:
    return _Cause("ConnectionLost", f"the connection to {target.server} was cut: {_said(fault)}", "try again")


# Subclasses before their parents.
_EXPLANATIONS: tuple[tuple[type[HTTPError], Callable[[Target, HTTPError, Timeout], _Cause]], ...] = (
    (ProxyError, _proxy),
    (NameResolutionError, _unknown_host),
    (NewConnectionError, _not_connected),
    (ConnectTimeoutError, _no_connection_in_time),
    (ReadTimeoutError, _silent),
    (SSLError, _not_trusted),
)


def _start(target: Target) -> str:
    if target.source == "sandbox":
        return "`meshctl sandbox up` starts it, `meshctl sandbox status` shows what is wrong"
    if target.local:
        return f"start the cluster of context {target.context}, or choose another with --context"
    return _network(target)


def _network(target: Target) -> str:
    return f"is the VPN up, and is {target.context} ({target.kubeconfig or target.source}) the cluster you mean?"


def _renew(target: Target) -> str:
    if target.source == "sandbox":
        return "`meshctl sandbox down` and `meshctl sandbox up` make it anew"
    return f"get the kubeconfig of {target.context} anew ({target.kubeconfig or target.source})"


def _said(fault: BaseException) -> str:
    """The innermost cause, which is what happened; urllib3 wraps it in the names of its classes."""
    while inner := fault.__cause__ or fault.__context__:
        fault = inner
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror
    return str(fault) or type(fault).__name__
