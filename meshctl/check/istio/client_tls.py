"""TLS of a DestinationRule."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.destination_rules import policies
from meshctl.check.istio.kinds import DESTINATION_RULE
from meshctl.check.istio.rules import istio_rule
from meshctl.check.node import Node
from meshctl.check.resource import Resource


@istio_rule("MSH335", "error", DESTINATION_RULE, aliases=("IST0106",))
def client_tls(rule: Resource) -> Iterator[Fault]:
    """Settings of TLS to a host that contradict each other.

    MUTUAL needs a certificate and its key, from files or from a Secret (credentialName), not from both. Who skips the
    verification of the server has nothing to verify it by.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: db}
        spec:
          host: db.example.com
          trafficPolicy: {tls: {mode: MUTUAL, caCertificates: /etc/ca.pem}}
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: db}
        spec:
          host: db.example.com
          trafficPolicy:
            tls: {mode: MUTUAL, clientCertificate: /etc/me.pem, privateKey: /etc/me.key, caCertificates: /etc/ca.pem}
    """
    for policy in policies(rule):
        tls = policy["tls"]
        mode, secret = tls["mode"].text, tls["credentialName"]
        if mode not in ("SIMPLE", "MUTUAL"):
            continue
        if tls["insecureSkipVerify"].value is True:
            yield from _unverified(tls, mode)
        if secret.text:
            for field in ("clientCertificate", "privateKey", "caCertificates", "caCrl"):
                if tls[field].text:
                    yield tls[field].fault(f"{field} and credentialName exclude each other", at_key=True)
        elif mode == "MUTUAL":
            for field in ("clientCertificate", "privateKey"):
                if not tls[field].text:
                    yield tls.fault(f"MUTUAL needs {field}, or credentialName")


def _unverified(tls: Node, mode: str) -> Iterator[Fault]:
    fields = (
        ("caCertificates", "subjectAltNames", "credentialName")
        if mode == "SIMPLE"
        else ("caCertificates", "subjectAltNames")
    )
    for field in fields:
        if tls[field].value:
            yield tls[field].fault(f"insecureSkipVerify verifies nothing, so {field} has no place", at_key=True)
