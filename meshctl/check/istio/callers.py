"""Policies that go by who calls, and by the host that is called."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from meshctl.check.finding import Fault
from meshctl.check.istio.authorization import both
from meshctl.check.istio.hosts import hosts_of
from meshctl.check.istio.kinds import NETWORKING, ROOT_NAMESPACE, SECURITY
from meshctl.check.istio.mutual_tls import PeerModes
from meshctl.check.istio.names import CLUSTER_DOMAIN, expanded
from meshctl.check.istio.selection import has_targets, selector
from meshctl.check.istio.values import texts
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.selectors import Selectors
from meshctl.check.subject import Subject
from meshctl.errors import did_you_mean

_PROVEN = both(("principals", "namespaces", "serviceAccounts"))
_PROVEN_KEYS = frozenset({"source.principal", "source.namespace", "source.serviceAccount", "connection.sni"})
_PRINCIPAL = re.compile(r"[^/]*/ns/(?P<namespace>[^/*]+)/sa/(?P<account>[^/*]+)")
_DEFAULT = "default"
_BLOCKED = "BLOCKED_CIDRS_IN_JWKS_URIS"


def _sources(policy: Resource) -> Iterator[Node]:
    for rule in policy.spec["rules"]:
        for origin in rule["from"]:
            yield origin["source"]


def _policies(subject: Subject) -> list[Resource]:
    return subject.kind(SECURITY, "AuthorizationPolicy")


@bundle_rule("MSH501", "error", aliases=("KIA0105",))
def callers_unknown(subject: Subject) -> Iterator[Fault]:
    """An AuthorizationPolicy that goes by who calls, where nobody can tell.

    Principals, namespaces and service accounts are read from the certificate of mutual TLS. Where a PeerAuthentication
    or a DestinationRule switches that off, no request has any: what is allowed to one of them is allowed to nobody, and
    what is denied to one is denied to nobody.

        # bad
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: web}
        spec: {selector: {matchLabels: {app: web}}, rules: [{from: [{source: {namespaces: [shop]}}]}]}
        ---
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata: {name: web}
        spec: {selector: {matchLabels: {app: web}}, mtls: {mode: DISABLE}}
        # good
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: web}
        spec: {selector: {matchLabels: {app: web}}, rules: [{from: [{source: {namespaces: [shop]}}]}]}
        ---
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata: {name: web}
        spec: {selector: {matchLabels: {app: web}}, mtls: {mode: STRICT}}
    """
    modes, senders = PeerModes(subject), _Senders(subject)
    for policy in _policies(subject):
        namespace, labels = subject.namespace_of(policy), selector(policy).mapping
        if has_targets(policy):
            continue
        reason = "its pods take none (DISABLE)" if modes.of(namespace, labels) == "DISABLE" else ""
        if sender := senders.plain(namespace, labels):
            reason = f"{sender} sends to its pods without it (DISABLE)"
        for place in _proven(policy) if reason else ():
            message = f"only mutual TLS tells {place.text or place.path[-1]}, and {reason}"
            yield place.fault(message, at_key=not place.text, manifest=policy.manifest)


def _proven(policy: Resource) -> Iterator[Node]:
    """The places of a policy that only a certificate answers."""
    for source in _sources(policy):
        yield from (source[field] for field in _PROVEN if source[field].value)
    for rule in policy.spec["rules"]:
        yield from (condition["key"] for condition in rule["when"] if condition["key"].text in _PROVEN_KEYS)


class _Senders:
    """The DestinationRules that say how to send to the Services of a namespace."""

    def __init__(self, subject: Subject) -> None:
        self._rules: dict[tuple[str, str], Resource] = {}
        for rule in subject.kind(NETWORKING, "DestinationRule"):
            namespace = subject.namespace_of(rule)
            if rule.spec["trafficPolicy"]["tls"]["mode"].text:
                self._rules.setdefault((namespace, expanded(rule.spec["host"].text, namespace)), rule)
        self._services = Selectors(
            (subject.namespace_of(service), service.spec["selector"].mapping, service.ref.name)
            for service in subject.services
        )

    def plain(self, namespace: str, labels: Mapping[str, object]) -> Resource | None:
        """The DestinationRule by which callers send plain text to pods with these labels; None if there is none."""
        names = self._services.taking(namespace, labels) if self._rules else []
        rules = (self._rule_for(namespace, name) for name in names or ["*"])
        return next((rule for rule in rules if rule and _mode(rule) == "DISABLE"), None)

    def _rule_for(self, namespace: str, name: str) -> Resource | None:
        """The rule of the namespace, or else of the mesh, whose host is the most specific."""
        full = f"{name}.{namespace}.svc.{CLUSTER_DOMAIN}"
        labels = full.split(".")
        hosts = [full, *(".".join(["*", *labels[index:]]) for index in range(1, len(labels))), "*"]
        found = (self._rules.get((where, host)) for where in (namespace, ROOT_NAMESPACE) for host in hosts)
        return next((rule for rule in found if rule), None)


def _mode(rule: Resource) -> str:
    return rule.spec["trafficPolicy"]["tls"]["mode"].text


@bundle_rule("MSH502", "warning", aliases=("KIA0106",))
def unknown_account(subject: Subject) -> Iterator[Fault]:
    """An AuthorizationPolicy that names a service account which nobody has.

    A principal is written `<trust domain>/ns/<namespace>/sa/<service account>`, without `spiffe://`. Service accounts
    are looked for in namespaces of which pods are among the objects at hand.

        # bad
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: web}
        spec: {rules: [{from: [{source: {principals: [cluster.local/ns/default/sa/shpo]}}]}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: shop}
        spec: {serviceAccountName: shop, containers: [{name: shop, image: "shop:1"}]}
        # good
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: web}
        spec: {rules: [{from: [{source: {principals: [cluster.local/ns/default/sa/shop]}}]}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: shop}
        spec: {serviceAccountName: shop, containers: [{name: shop, image: "shop:1"}]}
    """
    known = _accounts(subject)
    for policy in _policies(subject):
        own = subject.namespace_of(policy)
        for node, namespace, account in _named_accounts(policy, own):
            if not account:
                yield node.fault(f'"{node.text}" is no identity', _form(node.text), manifest=policy.manifest)
            elif namespace in known and account not in known[namespace]:
                message = f"no pod of {namespace} has the service account {account}"
                yield node.fault(message, did_you_mean(account, known[namespace]), manifest=policy.manifest)


def _accounts(subject: Subject) -> Mapping[str, set[str]]:
    """The service accounts of each namespace that has pods."""
    found: dict[str, set[str]] = defaultdict(lambda: {_DEFAULT})
    for pod in subject.pods:
        name = pod.spec["serviceAccountName"].text or pod.spec["serviceAccount"].text or _DEFAULT
        found[subject.namespace_of(pod.resource)].add(name)
    for account in subject.kind("", "ServiceAccount"):
        if subject.namespace_of(account) in found:
            found[subject.namespace_of(account)].add(account.ref.name)
    return found


def _named_accounts(policy: Resource, own: str) -> Iterator[tuple[Node, str, str]]:
    """Each identity that is written out: the place, the namespace, and the account, empty for what is no identity."""
    for source in _sources(policy):
        for field in both(("principals",)):
            for node, text in texts(source[field]):
                found = _PRINCIPAL.fullmatch(text)
                if found:
                    yield node, found["namespace"], found["account"]
                elif "*" not in text:
                    yield node, "", ""
        for field in both(("serviceAccounts",)):
            for node, text in texts(source[field]):
                namespace, _, account = text.rpartition("/")
                if account:
                    yield node, namespace or own, account


def _form(text: str) -> str:
    if text.startswith("spiffe://"):
        return f"write {text.removeprefix('spiffe://')}"
    return f"write {CLUSTER_DOMAIN}/ns/<namespace>/sa/<service account>"


@bundle_rule("MSH503", "warning", aliases=("KIA0104",))
def unknown_called_host(subject: Subject) -> Iterator[Fault]:
    """An AuthorizationPolicy for a host that nobody has.

    A host without dots, or one of the cluster, is a Service; it is looked for in namespaces whose Services are among
    the objects at hand. Any other is a host of a VirtualService, a Gateway or a ServiceEntry; it is looked for where
    those name hosts of the same top-level domain.

        # bad
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: web}
        spec: {rules: [{to: [{operation: {hosts: [wbe.default.svc.cluster.local]}}]}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}]}
        # good
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: web}
        spec: {rules: [{to: [{operation: {hosts: [web.default.svc.cluster.local]}}]}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}]}
    """
    called: _Called | None = None
    for policy in _policies(subject):
        namespace = subject.namespace_of(policy)
        for rule in policy.spec["rules"]:
            for target in rule["to"]:
                for node, text in texts(target["operation"]["hosts"]):
                    called = called or _Called(subject)
                    if called.lacks(text, namespace):
                        yield node.fault(f"there is no host {text}", manifest=policy.manifest)


class _Called:
    """The hosts that requests can be for."""

    def __init__(self, subject: Subject) -> None:
        self._hosts = hosts_of(subject)
        self._outside = {host for host in self._hosts.names if not host.endswith(f".svc.{CLUSTER_DOMAIN}")}
        self._outside |= set(_entered(subject))
        self._endings = {ending for host in self._outside for ending in _endings(host)}

    def lacks(self, text: str, namespace: str) -> bool:
        """Whether the objects at hand would have the host if there were one."""
        host = text.partition(":")[0].lower()
        if "*" in host[1:] or host in ("", "*"):
            return False
        full = _full_name(host, namespace, self._hosts.namespaces)
        if full.endswith(f".svc.{CLUSTER_DOMAIN}"):
            is_ours = "*" not in full and self._hosts.knows(full, namespace)
            return is_ours and full not in self._outside and self._hosts.find(full, ()) is None
        *_, top = _endings(host)
        return top in self._endings and not self._is_meant(host)

    def _is_meant(self, host: str) -> bool:
        if host in self._outside or (host.startswith("*") and host[1:] in self._endings):
            return True
        return any(f"*{ending}" in self._outside for ending in ("", *_endings(host)))


def _entered(subject: Subject) -> Iterator[str]:
    """The hosts outside of the cluster that VirtualServices, Gateways and ServiceEntries name."""
    for kind in ("VirtualService", "ServiceEntry"):
        for resource in subject.kind(NETWORKING, kind):
            yield from (host.lower() for _, host in texts(resource.spec["hosts"]) if "." in host or host == "*")
    for gateway in subject.kind(NETWORKING, "Gateway"):
        for server in gateway.spec["servers"]:
            yield from (host.rpartition("/")[2].lower() for _, host in texts(server["hosts"]))


def _endings(host: str) -> Iterator[str]:
    """`.example.com` and `.com` of `shop.example.com`."""
    labels = host.split(".")
    return (f".{'.'.join(labels[index:])}" for index in range(1, len(labels)))


def _full_name(host: str, own: str, namespaces: set[str]) -> str:
    """A host as callers may write it: `web`, `web.shop`, `web.shop.svc` and all of it are one Service."""
    name, _, rest = host.partition(".")
    namespace, _, domain = rest.partition(".")
    if not rest:
        return f"{name}.{own}.svc.{CLUSTER_DOMAIN}"
    if domain == "svc" or (not domain and namespace in namespaces):
        return f"{name}.{namespace}.svc.{CLUSTER_DOMAIN}"
    return host


@bundle_rule("MSH504", "warning", aliases=("IST0175",))
def keys_from_anywhere(subject: Subject) -> Iterator[Fault]:
    """An istiod that fetches the keys of tokens from wherever it is told.

    istiod asks the address in `jwksUri`, also one that only it can reach. Its variable BLOCKED_CIDRS_IN_JWKS_URIS names
    the networks where it does not. Looked for where istiod's Deployment is among the objects at hand.

        # bad
        apiVersion: security.istio.io/v1
        kind: RequestAuthentication
        metadata: {name: login}
        spec: {jwtRules: [{issuer: login, jwksUri: "https://login.example.com/keys"}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: istiod}
        spec:
          selector: {matchLabels: {app: istiod}}
          template:
            metadata: {labels: {app: istiod}}
            spec: {containers: [{name: discovery, image: "pilot:1.29.6"}]}
        # good
        apiVersion: security.istio.io/v1
        kind: RequestAuthentication
        metadata: {name: login}
        spec: {jwtRules: [{issuer: login, jwksUri: "https://login.example.com/keys"}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: istiod}
        spec:
          selector: {matchLabels: {app: istiod}}
          template:
            metadata: {labels: {app: istiod}}
            spec:
              containers:
              - name: discovery
                image: "pilot:1.29.6"
                env: [{name: BLOCKED_CIDRS_IN_JWKS_URIS, value: 10.0.0.0/8}]
    """
    authentications = subject.kind(SECURITY, "RequestAuthentication")
    told = any(rule["jwksUri"].text for each in authentications for rule in each.spec["jwtRules"])
    for istiod in subject.kind("apps", "Deployment") if told else ():
        if _fetches_anywhere(istiod):
            message = "this istiod fetches the keys of tokens from any address that it is told"
            yield istiod.metadata["name"].fault(message, f"give it {_BLOCKED}", manifest=istiod.manifest)


def _fetches_anywhere(deployment: Resource) -> bool:
    pod = deployment.pod
    if pod is None or pod.labels.get("app") != "istiod":
        return False
    names = {variable["name"].text for container in pod.containers for variable in container["env"]}
    return _BLOCKED not in names
