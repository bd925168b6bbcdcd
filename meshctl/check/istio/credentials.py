"""The certificates of Gateways, and the Secrets that they come from."""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

from meshctl.check.finding import Fault
from meshctl.check.istio.gateway_pods import gateways, is_installed
from meshctl.check.istio.kinds import ROOT_NAMESPACE
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


_TIME = re.compile(rb"\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z")  # UTCTime and GeneralizedTime of ASN.1


_PAIRS = (("tls.crt", "tls.key"), ("cert", "key"))


def _credentials(subject: Subject) -> Iterator[tuple[Resource, Node, str, set[str]]]:
    """Each Secret that a server names: the Gateway, the place, the name, and the namespaces of the gateway's pods."""
    for gateway in gateways(subject):
        labels = gateway.spec["selector"].mapping
        pods = subject.pods_anywhere(labels) if labels else []
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
    data = _contents(secret)
    certificate = next((data[cert] for cert, key in _PAIRS if data.get(cert) and data.get(key)), None)
    if certificate is None:
        return "has neither tls.crt and tls.key nor cert and key"
    ends = _end(certificate)
    if ends is None:
        return "has no certificate in PEM"
    return f"has a certificate that expired on {ends:%Y-%m-%d}" if ends < datetime.now(UTC) else ""


def _end(certificate: bytes) -> datetime | None:
    """Until when a certificate is good: the second time in it; None for what is none."""
    block = _PEM.search(certificate)
    try:
        times = _TIME.findall(base64.b64decode(block[1])) if block else []
        return _moment(*times[1]) if len(times) > 1 else None
    except ValueError:
        return None


def _moment(short: bytes, long: bytes) -> datetime:
    """A time of ASN.1; years of two digits are those from 1950 to 2049."""
    century = b"19" if short >= b"5" else b"20"
    return datetime.strptime((long or century + short).decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _contents(secret: Resource) -> dict[str, bytes]:
    """What is readable in a Secret, by key."""
    found = {}
    for key, value in secret.root["data"].children():
        with suppress(ValueError):
            found[key] = base64.b64decode(value.text)
    return found | {key: value.text.encode() for key, value in secret.root["stringData"].children()}
