"""Who speaks TLS with whom, and whether they agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meshctl.check.finding import Fault
from meshctl.check.istio.destination_rules import policies
from meshctl.check.istio.kinds import DESTINATION_RULE, NETWORKING, ROOT_NAMESPACE, SECURITY
from meshctl.check.istio.names import CLUSTER_DOMAIN, expanded, service_name
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.selection import selector
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.selectors import Selectors
from meshctl.check.subject import Subject

_UNSET = "UNSET"  # as if there were no policy
_WHOLE_CLUSTER = {"*.local", f"*.{CLUSTER_DOMAIN}", f"*.svc.{CLUSTER_DOMAIN}"}


class PeerModes:
    """The modes of mutual TLS that pods take: that of their own PeerAuthentication, or else that of their namespace, or
    that of the mesh. A policy with ports of its own is left to its author."""

    def __init__(self, subject: Subject) -> None:
        self._whole: dict[str, str] = {}
        selecting = []
        for policy in subject.kind(SECURITY, "PeerAuthentication"):
            namespace, labels = subject.namespace_of(policy), selector(policy).mapping
            mode = policy.spec["mtls"]["mode"].text or _UNSET
            if labels:
                selecting.append((namespace, labels, "" if policy.spec["portLevelMtls"].value else mode))
            else:
                self._whole.setdefault(namespace, mode)
        self._selecting = Selectors(selecting)

    def of(self, namespace: str, labels: Mapping[str, Any]) -> str:
        """The mode of pods with these labels, or of all pods for none; empty where nobody says."""
        own = self._selecting.taking(namespace, labels)
        wider = (self._whole.get(where, _UNSET) for where in (namespace, ROOT_NAMESPACE))
        return next((mode for mode in (*own, *wider) if mode != _UNSET), "")

    def of_all(self, namespace: str, pods: Sequence[Pod]) -> str:
        """The first mode that one of the pods has to itself, or else that of their namespace."""
        own = (mode for pod in pods for mode in self._selecting.taking(namespace, pod.labels))
        return next((mode for mode in own if mode != _UNSET), self.of(namespace, {}))


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
    modes = PeerModes(subject)
    for rule in subject.kind(NETWORKING, "DestinationRule"):
        called, wanted = _mode_of_called(subject, modes, rule)
        for policy in policies(rule):
            mode = policy["tls"]["mode"]
            if message := _disagreement(mode.text, wanted, called):
                yield mode.fault(message, "leave tls out: sidecars agree by themselves", manifest=rule.manifest)


def _mode_of_called(subject: Subject, modes: PeerModes, rule: Resource) -> tuple[str, str]:
    """Whose pods a rule is about, and what they take: those of a Service, of a namespace, or of the whole mesh."""
    host = expanded(rule.spec["host"].text, subject.namespace_of(rule))
    if host in _WHOLE_CLUSTER:
        return "the mesh", modes.of(ROOT_NAMESPACE, {})
    namespace, name = service_name(host) or ("", "")
    if name == "*":
        return f"namespace {namespace}", modes.of(namespace, {})
    service = subject.find("", "Service", namespace, name)
    if service is None:
        return "", ""
    return str(service), modes.of_all(namespace, subject.selected.get(service, []))


def _disagreement(mode: str, wanted: str, called: str) -> str:
    if wanted == "STRICT" and mode in ("DISABLE", "SIMPLE"):
        return f"the pods of {called} take mutual TLS only (STRICT), and this rule sends {mode}"
    if wanted == "DISABLE" and mode in ("ISTIO_MUTUAL", "MUTUAL"):
        return f"the pods of {called} take no mutual TLS (DISABLE), and this rule sends {mode}"
    return ""
