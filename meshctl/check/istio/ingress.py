"""Gateways among each other, with the pods that they configure, and with the VirtualServices that use them."""

from __future__ import annotations

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from meshctl.check.finding import Fault, Severity
from meshctl.check.istio.kinds import NETWORKING, ROOT_NAMESPACE, SECURITY
from meshctl.check.istio.names import overlap
from meshctl.check.istio.references import gateway_references, virtual_services
from meshctl.check.istio.selection import anywhere, selector, shown
from meshctl.check.istio.values import texts
from meshctl.check.istio.virtual_services.matches import is_claim
from meshctl.check.istio.virtual_services.parts import matches
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject

# The gateways that Istio's own charts install, which no bundle has: their labels and the ports of their Services.
_INSTALLED = (
    {"istio": "ingressgateway", "app": "istio-ingressgateway"},
    {"istio": "egressgateway", "app": "istio-egressgateway"},
    {"istio": "eastwestgateway", "app": "istio-eastwestgateway"},
)
_INSTALLED_PORTS = frozenset({80, 443, 8080, 8443, 15012, 15017, 15021, 15443, 31400})
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_TIME = re.compile(rb"\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z")  # UTCTime and GeneralizedTime of ASN.1
_PAIRS = (("tls.crt", "tls.key"), ("cert", "key"))


def gateways(subject: Subject) -> list[Resource]:
    return subject.kind(NETWORKING, "Gateway")


def _is_within(labels: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    return all(others.get(key) == value for key, value in labels.items())


def is_installed(labels: Mapping[str, Any]) -> bool:
    """Whether a selector takes the pods of a gateway that Istio itself installs."""
    return any(_is_within(labels, each) for each in _INSTALLED)


@bundle_rule("MSH365", "warning", aliases=("IST0101", "KIA0302"))
def gateway_without_pods(subject: Subject) -> Iterator[Fault]:
    """A Gateway whose selector takes no pod that is known.

    The pods may be there already, made by somebody else. Istio's own have the label istio: ingressgateway.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {istio: ingresgateway}
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {istio: ingressgateway}
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
    """
    for gateway in gateways(subject):
        labels = gateway.spec["selector"]
        if labels.mapping and not is_installed(labels.mapping) and not anywhere(subject, labels.mapping):
            message = f"no pod here has {shown(labels.mapping)}, nor has a gateway that Istio installs"
            advice = "istio: ingressgateway is the usual one"
            yield labels.fault(message, advice, manifest=gateway.manifest)


@bundle_rule("MSH366", "warning", aliases=("IST0162",))
def gateway_port_nowhere(subject: Subject) -> Iterator[Fault]:
    """A port of a Gateway that no Service of its pods has.

    Nobody reaches it: requests come in through a Service, whose port or targetPort is that of the server.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {istio: ingressgateway}
          servers: [{port: {number: 8008, name: http, protocol: HTTP}, hosts: ["*"]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {istio: ingressgateway}
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
    """
    for gateway in gateways(subject):
        labels = gateway.spec["selector"].mapping
        pods = anywhere(subject, labels) if labels else []
        if not pods and not is_installed(labels):
            continue
        open_ports = set(_INSTALLED_PORTS) if not pods else set(_service_ports(subject, gateway))
        for server in gateway.spec["servers"]:
            number = server["port"]["number"]
            if labels and number.number and number.number not in open_ports:
                message = f"no Service of the pods with {shown(labels)} has port {number.number}"
                yield number.fault(message, manifest=gateway.manifest)


def _service_ports(subject: Subject, gateway: Resource) -> Iterator[int]:
    """Ports, and ports of the pods, of all Services before the pods of a gateway."""
    labels = gateway.spec["selector"].mapping
    for service, pods in subject.selected.items():
        if any(_is_within(labels, pod.labels) for pod in pods):
            for port in service.spec["ports"]:
                yield from (each.number for each in (port["port"], port["targetPort"]) if each.number)


def _credentials(subject: Subject) -> Iterator[tuple[Resource, Node, str, set[str]]]:
    """Each Secret that a server names: the Gateway, the place, the name, and the namespaces of the gateway's pods."""
    for gateway in gateways(subject):
        labels = gateway.spec["selector"].mapping
        pods = anywhere(subject, labels) if labels else []
        namespaces = {subject.namespace_of(pod.resource) for pod in pods}
        if is_installed(labels) and not pods:
            namespaces = {ROOT_NAMESPACE}
        for server in gateway.spec["servers"]:
            name = server["tls"]["credentialName"]
            if name.text and "/" not in name.text:
                yield gateway, name, name.text, namespaces


@bundle_rule("MSH367", "error", aliases=("IST0101",))
def unknown_credential(subject: Subject) -> Iterator[Fault]:
    """A certificate for a Gateway whose Secret is missing, or in the wrong namespace.

    The Secret is read in the namespace of the gateway's pods, not in that of the Gateway. Looked for only where the
    objects at hand make Secrets in that namespace, or one of that name elsewhere.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {istio: ingressgateway}
          servers:
          - port: {number: 443, name: https, protocol: HTTPS}
            hosts: [shop.example.com]
            tls: {mode: SIMPLE, credentialName: shop-tls}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: shop-tls, namespace: shop}
        type: kubernetes.io/tls
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {istio: ingressgateway}
          servers:
          - port: {number: 443, name: https, protocol: HTTPS}
            hosts: [shop.example.com]
            tls: {mode: SIMPLE, credentialName: shop-tls}
    """
    secrets: dict[str, set[str]] = defaultdict(set)
    for secret in subject.kind("", "Secret"):
        secrets[secret.ref.name].add(subject.namespace_of(secret))
    known = {namespace for namespaces in secrets.values() for namespace in namespaces}
    for gateway, node, name, namespaces in _credentials(subject):
        elsewhere = secrets.get(name, set()) - namespaces
        if namespaces and not secrets.get(name, set()) & namespaces and (elsewhere or known & namespaces):
            there = " and ".join(sorted(namespaces))
            message = f"there is no Secret {name} in {there}, where the pods of this Gateway are"
            advice = f"the one in {' and '.join(sorted(elsewhere))} is not read" if elsewhere else ""
            yield node.fault(message, advice, manifest=gateway.manifest)


@bundle_rule("MSH368", "error", aliases=("IST0161",))
def unusable_credential(subject: Subject) -> Iterator[Fault]:
    """A Secret that a Gateway cannot use as its certificate.

    It has a certificate and its key, as `tls.crt` and `tls.key` or as `cert` and `key`, in PEM, and has not expired.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop, namespace: istio-system}
        spec:
          selector: {istio: ingressgateway}
          servers:
          - port: {number: 443, name: https, protocol: HTTPS}
            hosts: [shop.example.com]
            tls: {mode: SIMPLE, credentialName: shop-tls}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: shop-tls, namespace: istio-system}
        stringData: {certificate: none}
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop, namespace: istio-system}
        spec:
          selector: {istio: ingressgateway}
          servers:
          - port: {number: 443, name: https, protocol: HTTPS}
            hosts: [shop.example.com]
            tls: {mode: SIMPLE, credentialName: shop-tls}
    """
    for gateway, node, name, namespaces in _credentials(subject):
        for namespace in sorted(namespaces):
            secret = subject.find("", "Secret", namespace, name)
            if secret and (fault := _secret_fault(secret)):
                yield node.fault(f"the Secret {name} {fault}", manifest=gateway.manifest)


def _secret_fault(secret: Resource) -> str:
    """What is wrong with a certificate's Secret, without a word of what is in it."""
    data = {**_decoded(secret), **secret.root["stringData"].mapping}
    certificate = next((data[cert] for cert, key in _PAIRS if data.get(cert) and data.get(key)), None)
    if certificate is None:
        return "has neither tls.crt and tls.key nor cert and key"
    blocks = _PEM.findall(certificate.encode() if isinstance(certificate, str) else certificate)
    try:
        der = base64.b64decode(blocks[0], validate=False) if blocks else b""
    except binascii.Error:
        der = b""
    times = _TIME.findall(der)
    if len(times) < 2:
        return "has no certificate in PEM"
    ends = _moment(*times[1])
    return f"has a certificate that expired on {ends:%Y-%m-%d}" if ends < datetime.now(UTC) else ""


def _moment(short: bytes, long: bytes) -> datetime:
    """A time of ASN.1; years of two digits are those from 1950 to 2049."""
    century = b"19" if short >= b"5" else b"20"
    return datetime.strptime((long or century + short).decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _decoded(secret: Resource) -> dict[str, Any]:
    found = {}
    for key, value in secret.root["data"].children():
        try:
            found[key] = base64.b64decode(value.text)
        except (binascii.Error, ValueError):
            found[key] = b""
    return found


def _host_parts(gateway: Resource) -> Iterator[tuple[Node, int, str]]:
    """Each server's hosts without their namespaces, with the port."""
    for server in gateway.spec["servers"]:
        for node, host in texts(server["hosts"]):
            yield node, server["port"]["number"].number or 0, host.rpartition("/")[2]


def _meet(subject: Subject, one: Resource, other: Resource) -> bool:
    """Whether two gateways configure one pod."""
    first, second = one.spec["selector"].mapping, other.spec["selector"].mapping
    if _is_within(first, second) or _is_within(second, first):
        return True
    return any(_is_within(first, each) and _is_within(second, each) for each in _INSTALLED) or any(
        _is_within(second, pod.labels) for pod in anywhere(subject, first)
    )


@bundle_rule("MSH374", "error", aliases=("IST0145", "KIA0301"))
def conflicting_gateways(subject: Subject) -> Iterator[Fault]:
    """Two Gateways for one host, on one port of one pod.

    Which of them is followed depends on which is older. Name the host in one Gateway, and let VirtualServices share it.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {istio: ingressgateway}
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: web}
        spec:
          selector: {istio: ingressgateway}
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {istio: ingressgateway}
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com, web.example.com]}]
    """
    by_port: dict[int, list[tuple[Resource, Node, str]]] = defaultdict(list)
    for gateway in gateways(subject):
        for node, port, host in _host_parts(gateway):
            by_port[port].append((gateway, node, host))
    for port, servers in by_port.items():
        for gateway, node, host in servers if port else ():
            rivals = [
                (other, theirs)
                for other, _, theirs in servers
                if other is not gateway and overlap(host, theirs) and _meet(subject, gateway, other)
            ]
            if rivals:
                other, theirs = rivals[0]
                severity: Severity = "error" if any(theirs == host for _, theirs in rivals) else "warning"
                message = f"{other} has {theirs} on port {port} of the same pods too"
                yield node.fault(message, "keep one", severity=severity, manifest=gateway.manifest)


@bundle_rule("MSH375", "warning", aliases=("IST0138",))
def shared_certificate(subject: Subject) -> Iterator[Fault]:
    """Two Gateways of the same pods with one certificate.

    A browser reuses its connection for all hosts of a certificate, and then gets 404 for those of the other Gateway.
    Put the hosts into one Gateway.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {istio: ingressgateway}
          servers:
          - port: {number: 443, name: https, protocol: HTTPS}
            hosts: [shop.example.com]
            tls: {mode: SIMPLE, credentialName: all}
        ---
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: web}
        spec:
          selector: {istio: ingressgateway}
          servers:
          - port: {number: 443, name: https, protocol: HTTPS}
            hosts: [web.example.com]
            tls: {mode: SIMPLE, credentialName: all}
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {istio: ingressgateway}
          servers:
          - port: {number: 443, name: https, protocol: HTTPS}
            hosts: [shop.example.com, web.example.com]
            tls: {mode: SIMPLE, credentialName: all}
    """
    users: dict[str, list[tuple[Resource, Node]]] = defaultdict(list)
    for gateway in gateways(subject):
        for server in gateway.spec["servers"]:
            if server["tls"]["credentialName"].text:
                users[server["tls"]["credentialName"].text].append((gateway, server["tls"]["credentialName"]))
    for name, places in users.items():
        for gateway, node in places:
            labels = gateway.spec["selector"].mapping
            others = (each for each, _ in places if each is not gateway)
            rival = next((each for each in others if _is_within(labels, each.spec["selector"].mapping)), None)
            if rival:
                message = f"{rival} uses the certificate {name} for the same pods too"
                yield node.fault(message, "put the hosts into one Gateway", manifest=gateway.manifest)


@bundle_rule("MSH379", "warning", aliases=("IST0132",))
def host_not_let_in(subject: Subject) -> Iterator[Fault]:
    """A VirtualService none of whose hosts its Gateway lets in.

    The hosts of both have to meet: a Gateway with `<namespace>/<host>` lets in that namespace's VirtualServices only.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          gateways: [shop]
          http: [{route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*.example.com"]}]}
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          gateways: [shop]
          http: [{route: [{destination: {host: web}}]}]
    """
    for service, node, reference, identity in gateway_references(subject):
        gateway = subject.find(NETWORKING, "Gateway", *identity)
        hosts = [host for _, host in texts(service.spec["hosts"])]
        if gateway and hosts:
            let_in = list(_let_in(gateway, identity[0], subject.namespace_of(service)))
            if not any(overlap(host, other) for host in hosts for other in let_in):
                message = f"the Gateway {reference} lets in none of {', '.join(hosts)}"
                yield node.fault(message, manifest=service.manifest)


def _let_in(gateway: Resource, own: str, namespace: str) -> Iterator[str]:
    """The hosts of a Gateway that VirtualServices of a namespace may use."""
    for server in gateway.spec["servers"]:
        for _, host in texts(server["hosts"]):
            owner, slash, name = host.rpartition("/")
            if not slash or owner in ("*", namespace) or (owner == "." and own == namespace):
                yield name


@bundle_rule("MSH381", "error", aliases=("IST0149",))
def claims_unread(subject: Subject) -> Iterator[Fault]:
    """A route by claims of a token, at a gateway that reads no tokens.

    A RequestAuthentication for the gateway's pods, or for the whole mesh, has to read the token first; without it the
    rule never matches.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {app: edge}
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          gateways: [shop]
          http:
          - match: [{headers: {"@request.auth.claims.group": {exact: staff}}}]
            route: [{destination: {host: web}}]
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: edge, labels: {app: edge}}
        spec: {containers: [{name: istio-proxy, image: "proxy:1"}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec:
          selector: {app: edge}
          servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          gateways: [shop]
          http:
          - match: [{headers: {"@request.auth.claims.group": {exact: staff}}}]
            route: [{destination: {host: web}}]
        ---
        apiVersion: security.istio.io/v1
        kind: RequestAuthentication
        metadata: {name: staff}
        spec:
          selector: {matchLabels: {app: edge}}
          jwtRules: [{issuer: "https://login.example.com"}]
    """
    claiming = {service: place for service in virtual_services(subject) if (place := _first_claim(service))}
    for service, _, reference, identity in gateway_references(subject) if claiming else ():
        gateway = subject.find(NETWORKING, "Gateway", *identity)
        if service in claiming and gateway and (unread := list(_unread(subject, gateway))):
            message = f"no RequestAuthentication reads the tokens that come to {reference}, so this never matches"
            severity: Severity = "error" if unread[0] else "warning"
            yield claiming[service].fault(message, severity=severity, at_key=True, manifest=service.manifest)


def _first_claim(service: Resource) -> Node | None:
    for match in matches(service):
        for field in ("headers", "withoutHeaders"):
            for name, wanted in match[field].children():
                if is_claim(name):
                    return wanted
    return None


def _unread(subject: Subject, gateway: Resource) -> Iterator[bool]:
    """For each pod of a gateway whose tokens nobody reads, whether it is one of the objects at hand."""
    labels = gateway.spec["selector"].mapping
    pods = [(subject.namespace_of(pod.resource), pod.labels, True) for pod in anywhere(subject, labels)]
    if not pods:
        pods = [(ROOT_NAMESPACE, each, False) for each in _INSTALLED if _is_within(labels, each)]
    for namespace, carried, is_here in pods:
        if not _is_read(subject, namespace, carried):
            yield is_here


def _is_read(subject: Subject, namespace: str, labels: Mapping[str, Any]) -> bool:
    policies: Iterable[Resource] = subject.kind(SECURITY, "RequestAuthentication")
    return any(
        subject.namespace_of(policy) in (namespace, ROOT_NAMESPACE) and _is_within(selector(policy).mapping, labels)
        for policy in policies
    )
