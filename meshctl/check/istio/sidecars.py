"""Rules of a Sidecar by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshctl.check.finding import Fault
from meshctl.check.istio.gateways import namespaced_host_fault, tls_options
from meshctl.check.istio.kinds import ROOT_NAMESPACE, SIDECAR
from meshctl.check.istio.names import full_name_fault, is_ip, is_label
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import (
    HTTP_PROTOCOLS,
    SOCKET,
    TLS_PROTOCOLS,
    is_protocol,
    port_fault,
    port_of,
    socket_fault,
    subset_name_fault,
    texts,
    workload_selector,
)
from meshctl.check.node import Node
from meshctl.check.resource import Resource

_LOOPBACK = ("", "127.0.0.1", "0.0.0.0", "::1", "::")  # noqa: S104 - what Istio allows, nothing is bound here
_FIELDS = ("egress", "ingress", "outboundTrafficPolicy", "inboundConnectionPool")
_NO_PLACE = ("subjectAltNames", "httpsRedirect", "credentialName", "credentialNames", "tlsCertificates")


@istio_rule("MSH344", "error", SIDECAR, aliases=("IST0106", "IST0133"))
def egress_hosts(sidecar: Resource) -> Iterator[Fault]:
    """A host in the egress of a Sidecar that Istio refuses.

    Each is `<namespace>/<full name>`; the namespace may be `.` (its own), `*` or `~` (none), the name `*`.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: default}
        spec: {egress: [{hosts: [web]}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: default}
        spec: {egress: [{hosts: [./*]}]}
    """
    for listener in sidecar.spec["egress"]:
        if not listener["hosts"].value:
            yield listener.fault("a listener of egress needs hosts", 'write hosts: ["./*"] for its own namespace')
        seen: dict[str, set[str]] = {}
        for node, host in texts(listener["hosts"]):
            namespace, slash, name = host.partition("/")
            fault = namespaced_host_fault(host, namespaces="*.~") if slash else f'"{host}" names no namespace'
            if fault:
                yield node.fault(fault, "" if slash else f'write "./{host}" for its own namespace')
                continue
            if namespace == ".":
                namespace = sidecar.ref.namespace or namespace
            if _is_meant_already(namespace, name, seen):
                yield node.fault(f"{host} is among the hosts before it already", severity="warning")
            elif name == "*" and (seen if namespace == "*" else seen.get(namespace)):
                yield node.fault(f"{host} means hosts before it too", "leave those out", severity="warning")
            seen.setdefault(namespace, set()).add(name)


def _is_meant_already(namespace: str, name: str, seen: Mapping[str, set[str]]) -> bool:
    return not {name, "*"}.isdisjoint(seen.get(namespace, ())) or "*" in seen.get("*", ())


@istio_rule("MSH345", "error", SIDECAR, aliases=("IST0106", "IST0133", "KIA1006", "KIA1007"))
def listeners(sidecar: Resource) -> Iterator[Fault]:
    """A listener of a Sidecar that Istio refuses, or a Sidecar that says nothing.

    The listener of egress without a port stands for all others, so it is the last, and alone. Ports differ. Requests
    that come in go on to this pod (127.0.0.1:port) or to a socket.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: default}
        spec:
          egress:
          - hosts: [./*]
          - port: {number: 3306, name: mysql, protocol: MYSQL}
            hosts: [./*]
        # good
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: default}
        spec:
          egress:
          - port: {number: 3306, name: mysql, protocol: MYSQL}
            hosts: [./*]
          - hosts: [./*]
    """
    if not any(sidecar.spec[field].value not in (None, []) for field in _FIELDS):
        yield sidecar.spec.fault(
            "this Sidecar says nothing", "give it egress, ingress or an outboundTrafficPolicy", at_key=True
        )
    selector, policy = sidecar.spec["workloadSelector"], sidecar.spec["outboundTrafficPolicy"]
    yield from workload_selector(selector)
    if selector["labels"].value and sidecar.ref.namespace == ROOT_NAMESPACE:
        message = f"a Sidecar of {ROOT_NAMESPACE} is the default of all namespaces, but not with a selector"
        yield selector.fault(message, "leave it out", at_key=True, severity="warning")
    if policy and not policy["mode"].text:
        yield policy.fault("without a mode this is REGISTRY_ONLY", "write the mode", at_key=True, severity="info")
    yield from _ingress(sidecar.spec["ingress"])
    yield from _egress(list(sidecar.spec["egress"]))
    yield from _egress_proxy(policy)


def _ingress(listeners: Node) -> Iterator[Fault]:
    seen: set[int] = set()
    for listener in listeners:
        port, endpoint, tls = listener["port"], listener["defaultEndpoint"], listener["tls"]
        if not port:
            yield listener.fault("a listener of ingress needs a port")
            continue
        yield from _port(port, listener["bind"], seen)
        if endpoint.text and (fault := _endpoint_fault(endpoint.text)):
            yield endpoint.fault(fault)
        if tls:
            yield from _ingress_tls(tls, port["protocol"].text.upper())
        if listener["connectionPool"]["http"] and port["protocol"].text.upper() not in HTTP_PROTOCOLS:
            message = f"limits of HTTP have no effect on {port['protocol'].text or 'this protocol'}"
            yield listener["connectionPool"]["http"].fault(message, at_key=True, severity="warning")


def _ingress_tls(tls: Node, protocol: str) -> Iterator[Fault]:
    if protocol not in TLS_PROTOCOLS:
        yield tls.fault(f"a listener for {protocol or 'any protocol'} has no tls", "make it HTTPS or TLS", at_key=True)
    for field in _NO_PLACE:
        if tls[field].value:
            yield tls[field].fault(f"{field} has no place in a Sidecar", at_key=True)
    if tls["mode"].text in ("ISTIO_MUTUAL", "AUTO_PASSTHROUGH"):
        yield tls["mode"].fault(f"{tls['mode'].text} has no place in a Sidecar")
    yield from tls_options(tls)


def _endpoint_fault(endpoint: str) -> str:
    if endpoint.startswith(SOCKET):
        return socket_fault(endpoint)
    host, colon, port = endpoint.rpartition(":")
    if not colon or host.strip("[]") not in _LOOPBACK:
        return f'"{endpoint}" leaves the pod: write 127.0.0.1:<port>, :<port> or unix://<path>'
    number = port_of(port)
    return f'"{port}" is no port' if number is None else port_fault(number)


def _egress(listeners: list[Node]) -> Iterator[Fault]:
    seen: set[int] = set()
    sockets: set[str] = set()
    for listener in listeners:
        port, bind = listener["port"], listener["bind"]
        if not port:
            if listener is not listeners[-1]:
                yield listener.fault("the listener without a port stands for all others, so it has to be the last")
        elif port["number"].number:
            yield from _port(port, bind, seen)
        else:
            yield from _socket(listener, bind)
            if bind.text in sockets:
                yield bind.fault(f"another listener is bound to {bind.text}")
            sockets.add(bind.text)


def _port(port: Node, bind: Node, seen: set[int]) -> Iterator[Fault]:
    number, name, protocol = port["number"], port["name"], port["protocol"]
    if fault := port_fault(number.number or 0):
        yield (number or port).fault(fault)
    elif number.number in seen:
        yield number.fault(f"another listener has port {number.number}")
    seen.add(number.number or 0)
    if name.text and not is_label(name.text):
        yield name.fault(f'the name of a port is a DNS label, not "{name.text}"')
    if protocol.text and not is_protocol(protocol.text):
        yield protocol.fault(f'Istio knows no protocol "{protocol.text}"')
    if port["targetPort"].number:
        yield port["targetPort"].fault("targetPort has no effect on a Sidecar", at_key=True)
    if bind.text and not is_ip(bind.text):
        yield bind.fault(f'"{bind.text}" is no address')


def _socket(listener: Node, bind: Node) -> Iterator[Fault]:
    if not bind.text.startswith(SOCKET):
        yield listener["port"].fault("a listener without a port number is bound to a socket, unix://…")
    elif fault := socket_fault(bind.text):
        yield bind.fault(fault)
    if listener["captureMode"].text not in ("", "DEFAULT", "NONE"):
        yield listener["captureMode"].fault("nothing is captured for a socket: captureMode is DEFAULT or NONE")


def _egress_proxy(policy: Node) -> Iterator[Fault]:
    proxy = policy["egressProxy"]
    if not proxy:
        return
    if policy["mode"].text != "ALLOW_ANY":
        yield proxy.fault("egressProxy needs mode ALLOW_ANY", at_key=True)
    if fault := full_name_fault(proxy["host"].text):
        yield (proxy["host"] or proxy).fault(fault)
    if proxy["subset"].text and (fault := subset_name_fault(proxy["subset"].text)):
        yield proxy["subset"].fault(fault)
    if fault := port_fault(proxy["port"]["number"].number or 0):
        yield (proxy["port"] or proxy).fault(fault)
