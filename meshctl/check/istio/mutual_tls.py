"""Who speaks TLS with whom, and whether they agree."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.destination_rules import policies
from meshctl.check.istio.kinds import DESTINATION_RULE, NETWORKING, ROOT_NAMESPACE, SECURITY
from meshctl.check.istio.names import expanded, service_name
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.selection import selector
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject


@istio_rule("MSH382", "warning", DESTINATION_RULE, aliases=("IST0128", "IST0129"))
def server_unverified(rule: Resource) -> Iterator[Fault]:
    """TLS to a server whose certificate is not verified by a CA of your choice.

    Name the certificates of the CA. Without them the sidecar goes by those of its system or, in older Istios, takes any
    certificate.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: db}
        spec: {host: db.example.com, trafficPolicy: {tls: {mode: SIMPLE}}}
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: db}
        spec: {host: db.example.com, trafficPolicy: {tls: {mode: SIMPLE, caCertificates: system}}}
    """
    by_secret = bool(rule.spec["workloadSelector"])
    for policy in policies(rule):
        tls = policy["tls"]
        secret = by_secret and tls["credentialName"].text
        if tls["mode"].text in ("SIMPLE", "MUTUAL") and not tls["caCertificates"].text and not secret:
            yield tls.fault("no CA is named to verify the server by", "name caCertificates", at_key=True)


@bundle_rule("MSH383", "error", aliases=("KIA0206", "KIA0207", "KIA0208"))
def mutual_tls_at_odds(subject: Subject) -> Iterator[Fault]:
    """Mutual TLS that one side insists on and the other does not send.

    Every connection fails. Sidecars agree on mutual TLS by themselves, so it is best to say nothing in the rule.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec: {host: web, trafficPolicy: {tls: {mode: DISABLE}}}
        ---
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata: {name: default}
        spec: {mtls: {mode: STRICT}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec: {host: web, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}
        ---
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata: {name: default}
        spec: {mtls: {mode: STRICT}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
    """
    if not subject.kind(SECURITY, "PeerAuthentication"):
        return
    for rule in subject.kind(NETWORKING, "DestinationRule"):
        named = service_name(expanded(rule.spec["host"].text, subject.namespace_of(rule)))
        service = subject.find("", "Service", *named) if named else None
        if service is None:
            continue
        wanted = _mode_of(subject, service)
        for policy in policies(rule):
            mode = policy["tls"]["mode"]
            if message := _disagreement(mode.text, wanted, service):
                yield mode.fault(message, "leave tls out: sidecars agree by themselves", manifest=rule.manifest)


def _disagreement(mode: str, wanted: str, service: Resource) -> str:
    if wanted == "STRICT" and mode in ("DISABLE", "SIMPLE"):
        return f"the pods of {service} take mutual TLS only (STRICT), and this rule sends {mode}"
    if wanted == "DISABLE" and mode in ("ISTIO_MUTUAL", "MUTUAL"):
        return f"the pods of {service} take no mutual TLS (DISABLE), and this rule sends {mode}"
    return ""


def _mode_of(subject: Subject, service: Resource) -> str:
    """What the pods of a Service take: their own policy, that of their namespace, or that of the mesh."""
    namespace, pods = subject.namespace_of(service), subject.selected.get(service, [])
    for policy in subject.kind(SECURITY, "PeerAuthentication"):
        if subject.namespace_of(policy) == namespace and _is_for(policy, pods):
            return policy.spec["mtls"]["mode"].text
    for where in (namespace, ROOT_NAMESPACE):
        for policy in subject.kind(SECURITY, "PeerAuthentication"):
            if subject.namespace_of(policy) == where and not selector(policy).mapping:
                return policy.spec["mtls"]["mode"].text
    return ""


def _is_for(policy: Resource, pods: list[Pod]) -> bool:
    """Whether a policy with a selector is for some of the pods; one with ports of its own is left to its author."""
    labels = selector(policy).mapping
    if not labels or policy.spec["portLevelMtls"].value:
        return False
    return any(all(pod.labels.get(key) == value for key, value in labels.items()) for pod in pods)
