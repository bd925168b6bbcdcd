"""Rules of a Gateway by itself."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import GATEWAY
from meshctl.check.istio.names import host_fault, is_ip, is_label, is_partial_wildcard
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import (
    HTTP_PROTOCOLS,
    SOCKET,
    TLS_PROTOCOLS,
    is_protocol,
    port_fault,
    repeated,
    socket_fault,
    texts,
)
from meshctl.check.node import Node
from meshctl.check.resource import Resource

_FILES = ("serverCertificate", "privateKey", "caCertificates")
_SECRETS = ("credentialName", "credentialNames")
_OTHERS = (*_SECRETS, "tlsCertificates")
_CIPHERS = frozenset(
    [
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-RSA-AES128-SHA",
        "ECDHE-ECDSA-AES256-SHA",
        "ECDHE-RSA-AES256-SHA",
        "AES128-GCM-SHA256",
        "AES256-GCM-SHA384",
        "AES128-SHA",
        "AES256-SHA",
        "DES-CBC3-SHA",
    ]
)
_MUTUAL = ("MUTUAL", "OPTIONAL_MUTUAL")
_OLD_VERSIONS = ("TLSV1_0", "TLSV1_1")


def namespaced_host_fault(host: str, *, namespaces: str) -> str:
    """Why `<namespace>/<host>` is wrong; the namespace may be one of the signs in `namespaces`."""
    namespace, slash, name = host.rpartition("/")
    if slash and namespace not in tuple(namespaces) and not is_label(namespace):
        return f'"{namespace}" in "{host}" is no namespace'
    if name != "*" and "." not in name and not is_ip(name):
        return f'"{name}" is a short name, which has no place here; write it in full'
    if is_partial_wildcard(name):
        return f'"{name}": a wildcard stands for a whole label'
    return "" if is_ip(name) else host_fault(name)


@istio_rule("MSH336", "error", GATEWAY, aliases=("IST0106",))
def servers(gateway: Resource) -> Iterator[Fault]:
    """A Gateway without servers, or with a host that it cannot let in.

    Its name is a DNS label, and each server has hosts: full names, `*`, or `<namespace>/<host>`. There are no short
    names at the edge.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]
    """
    if not is_label(gateway.ref.name):
        yield gateway.metadata["name"].fault(f'the name of a Gateway is a DNS label, not "{gateway.ref.name}"')
    if not gateway.spec["servers"].value:
        yield gateway.spec.fault("a Gateway needs servers", at_key=True)
    for server in gateway.spec["servers"]:
        if not server["hosts"].value:
            yield server.fault("this server has no hosts", 'write hosts: ["*"] to let in all')
        for node, host in texts(server["hosts"]):
            if fault := namespaced_host_fault(host, namespaces="*."):
                yield node.fault(fault)


@istio_rule("MSH337", "error", GATEWAY, aliases=("IST0106",))
def ports(gateway: Resource) -> Iterator[Fault]:
    """A port of a Gateway that Istio refuses.

    It has a number, a protocol that Istio knows, and a name that no other server of the Gateway has.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          servers: [{port: {number: 80, name: http, protocol: HTPP}, hosts: ["*"]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
    """
    names: set[str] = set()
    for server in gateway.spec["servers"]:
        port, bind = server["port"], server["bind"].text
        if not port:
            yield server.fault("this server has no port")
            continue
        yield from _port(port, bind)
        name = port["name"]
        if not name.text:
            yield port.fault("the port has no name")
        elif name.text in names:
            yield name.fault(f'two servers have a port called "{name.text}"')
        names.add(name.text)
        if bind.startswith(SOCKET):
            yield from (server["bind"].fault(fault) for fault in (socket_fault(bind),) if fault)
        elif bind and not is_ip(bind):
            yield server["bind"].fault(f'"{bind}" is neither an address nor a socket unix://…')
        yield from (node.fault(f'"{host}" is in the list already') for node, host in repeated(server["hosts"]))


def _port(port: Node, bind: str) -> Iterator[Fault]:
    protocol, number = port["protocol"], port["number"].number or 0
    if not is_protocol(protocol.text):
        advice = "HTTP, HTTPS, HTTP2, GRPC, TLS and TCP are the usual ones"
        yield (protocol or port).fault(f'a Gateway has no protocol "{protocol.text}"', advice)
    elif protocol.text.upper() == "UDP":
        yield protocol.fault("Istio carries no UDP through a Gateway", severity="warning")
    if bind.startswith(SOCKET):
        if number:
            yield port["number"].fault("a server bound to a socket has no port number")
    elif fault := port_fault(number):
        yield (port["number"] or port).fault(fault)
    if port["targetPort"].number:
        yield port["targetPort"].fault("targetPort has no effect on a Gateway", at_key=True)


@istio_rule("MSH338", "error", GATEWAY, aliases=("IST0106", "IST0133"))
def server_tls(gateway: Resource) -> Iterator[Fault]:
    """TLS of a server that Istio refuses, or ignores in part.

    HTTPS and TLS need `tls`; HTTP has none but a redirect to HTTPS. The certificate comes from a Secret
    (credentialName) or from files; MUTUAL also needs the CA of the clients; ISTIO_MUTUAL brings its own.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: ["*"], tls: {mode: SIMPLE}}]
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          servers:
          - port: {number: 443, name: https, protocol: HTTPS}
            hosts: ["*"]
            tls: {mode: SIMPLE, credentialName: shop-tls}
    """
    for server in gateway.spec["servers"]:
        protocol, tls = server["port"]["protocol"].text.upper(), server["tls"]
        if protocol in TLS_PROTOCOLS and not tls:
            yield server.fault(f"a server for {protocol} needs tls")
        elif tls:
            yield from _tls_for(protocol, tls)
            yield from tls_options(tls)


def _tls_for(protocol: str, tls: Node) -> Iterator[Fault]:
    if protocol in TLS_PROTOCOLS or not is_protocol(protocol):
        if tls["httpsRedirect"].value is True:
            message = "httpsRedirect is for servers of plain HTTP"
            yield tls["httpsRedirect"].fault(message, at_key=True, severity="warning")
    elif protocol not in HTTP_PROTOCOLS:
        yield tls.fault(f"a server for {protocol} has no tls", "make its protocol TLS", at_key=True)
    elif tls["mode"].text not in ("", "PASSTHROUGH", "AUTO_PASSTHROUGH") or any(tls[file].text for file in _FILES):
        yield tls.fault(f"a server for {protocol} has no tls but httpsRedirect", "make its protocol HTTPS", at_key=True)


def tls_options(tls: Node) -> Iterator[Fault]:
    """Faults of the settings themselves, on a Gateway or a Sidecar."""
    mode = tls["mode"].text or "PASSTHROUGH"
    if mode == "ISTIO_MUTUAL":
        for field in (*_FILES, *_OTHERS):
            if tls[field].value:
                yield tls[field].fault(
                    f"ISTIO_MUTUAL brings its own certificates, so {field} has no place", at_key=True
                )
    else:
        yield from _one_origin(tls)
        yield from _certificates(tls, mode)
    yield from _ciphers(tls)


def _one_origin(tls: Node) -> Iterator[Fault]:
    """Certificates come from Secrets, from a pair of files, or from a list of such pairs."""
    given = [field for field in _OTHERS if tls[field].value]
    if tls["serverCertificate"].text and tls["privateKey"].text:
        given.append("serverCertificate")
    for field in given[1:]:
        yield tls[field].fault(f"the certificates come from {given[0]} already; keep one", at_key=True)


def _certificates(tls: Node, mode: str) -> Iterator[Fault]:
    by_secret = any(tls[field].value for field in _SECRETS)
    if mode.endswith("PASSTHROUGH"):
        for field in (*_FILES, *_OTHERS, "caCrl"):
            if tls[field].value:
                message = f"{mode} passes TLS through, so {field} is ignored"
                yield tls[field].fault(message, at_key=True, severity="warning")
    elif not by_secret:
        yield from _files(tls, mode)
        if mode == "SIMPLE" and tls["caCrl"].text:
            yield tls["caCrl"].fault("SIMPLE asks clients for no certificate, so none can be revoked", at_key=True)
    elif tls["caCrl"].text:
        message = "the list of revoked certificates is read from the Secret, not from here"
        yield tls["caCrl"].fault(message, at_key=True, severity="warning")


def _files(tls: Node, mode: str) -> Iterator[Fault]:
    advice = "name the Secret in credentialName"
    for pair in list(tls["tlsCertificates"]) or [tls]:
        for field in _FILES[:2]:
            if not pair[field].text:
                yield pair.fault(f"{mode} needs {field}, or credentialName", advice)
    if mode in _MUTUAL and not tls["caCertificates"].text:
        yield tls.fault(f"{mode} needs caCertificates, or credentialName", advice)


def _ciphers(tls: Node) -> Iterator[Fault]:
    ciphers = tls["cipherSuites"]
    if tls["minProtocolVersion"].text in _OLD_VERSIONS and not ciphers.value:
        message = f"{tls['minProtocolVersion'].text} needs cipherSuites that are no longer among the default ones"
        yield tls["minProtocolVersion"].fault(message, severity="warning")
    for node, cipher in texts(ciphers):
        if cipher[:1].isalnum() and cipher != "ALL" and cipher not in _CIPHERS:
            yield node.fault(f"Envoy has no cipher {cipher}, and ignores it", severity="warning")
    for node, cipher in repeated(ciphers):
        yield node.fault(f"{cipher} is in the list already", severity="warning")
