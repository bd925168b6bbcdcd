"""Routes of the Gateway API: the Gateways that take them, and the Services that they lead to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from meshctl.check.finding import Fault, Severity
from meshctl.check.istio.host_references import certainty
from meshctl.check.istio.hosts import hosts_of
from meshctl.check.istio.kinds import GATEWAY_API
from meshctl.check.istio.names import CLUSTER_DOMAIN, overlap
from meshctl.check.istio.values import texts
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.selectors import matches
from meshctl.check.subject import Subject
from meshctl.errors import did_you_mean

_ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
_NAME = "kubernetes.io/metadata.name"  # a label of every namespace
_GATEWAY, _SERVICE = (GATEWAY_API, "Gateway"), ("", "Service")


def _routes(subject: Subject) -> Iterator[Resource]:
    for kind in _ROUTES:
        yield from subject.kind(GATEWAY_API, kind)


def k8s_gateways(subject: Subject) -> list[Resource]:
    return subject.kind(*_GATEWAY)


def _named(ref: Node, own: str, wanted: tuple[str, str], default: tuple[str, str]) -> tuple[str, str] | None:
    """Namespace and name of the object that a reference means, if it is one of the wanted kind."""
    group = ref["group"].text if ref["group"] else default[0]
    kind = ref["kind"].text if ref["kind"] else default[1]
    name = ref["name"].text
    return (ref["namespace"].text or own, name) if (group, kind) == wanted and name else None


@bundle_rule("MSH505", "error", aliases=("KIA1401",))
def unattached_route(subject: Subject) -> Iterator[Fault]:
    """A route whose Gateway is not there, or does not take it.

    A Gateway takes the routes of its own namespace; those of others only by a listener with `allowedRoutes`. With
    `sectionName` or `port` the listener is one of that name or port, and it has a host of the route, if both name any.

        # bad
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: web}
        spec: {parentRefs: [{name: egde}], rules: [{}]}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: edge}
        spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}
        # good
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: web}
        spec: {parentRefs: [{name: edge}], rules: [{}]}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: edge}
        spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}
    """
    here = {subject.namespace_of(gateway) for gateway in k8s_gateways(subject)}
    certain = here | hosts_of(subject).namespaces
    for route in _routes(subject):
        own = subject.namespace_of(route)
        for parent in route.spec["parentRefs"]:
            namespace, name = _named(parent, own, _GATEWAY, _GATEWAY) or ("", "")
            gateway = subject.find(*_GATEWAY, namespace, name)
            if gateway:
                for message in _refusals(subject, gateway, parent, route):
                    yield parent["name"].fault(message, manifest=route.manifest)
            elif namespace and (namespace == own or namespace in here):
                message = f"there is no Gateway {name} of the Gateway API in namespace {namespace}"
                severity: Severity = "error" if namespace in certain else "warning"
                advice = _near(subject, name, k8s_gateways(subject))
                yield parent["name"].fault(message, advice, severity=severity, manifest=route.manifest)


def _near(subject: Subject, name: str, known: list[Resource]) -> str:
    namesake = next((each for each in known if each.ref.name == name), None)
    if namesake:
        return f"one is in namespace {subject.namespace_of(namesake)}: name that"
    return did_you_mean(name, [each.ref.name for each in known])


def _refusals(subject: Subject, gateway: Resource, parent: Node, route: Resource) -> Iterator[str]:
    """Why no listener of a Gateway takes a route, if none does."""
    section, port = parent["sectionName"].text, parent["port"].number
    listeners = list(gateway.spec["listeners"])
    meant = [each for each in listeners if section in ("", each["name"].text) and port in (None, each["port"].number)]
    admitting = [each for each in meant if _admits(subject, each, gateway, route)]
    if listeners and not meant:
        wanted = f"called {section}" if section else f"on port {port}"
        yield f"{gateway} has no listener {wanted}"
    elif meant and not admitting:
        yield f"{gateway} takes no routes of namespace {subject.namespace_of(route)}"
    elif meant and not any(_has_host(each, route) for each in admitting):
        yield f"{gateway} has a listener for none of the hosts of this route"


def _admits(subject: Subject, listener: Node, gateway: Resource, route: Resource) -> bool:
    allowed, own = listener["allowedRoutes"]["namespaces"], subject.namespace_of(route)
    if allowed["from"].text == "Selector":
        namespace = subject.find("", "Namespace", subject.namespace, own)
        return namespace is None or matches(allowed["selector"], {_NAME: own, **namespace.labels})
    is_same = subject.namespace_of(gateway) == own
    return allowed["from"].text == "All" or (is_same and allowed["from"].text in ("", "Same"))


def _has_host(listener: Node, route: Resource) -> bool:
    served, hosts = listener["hostname"].text, [host for _, host in texts(route.spec["hostnames"])]
    return not served or not hosts or any(overlap(served, host) for host in hosts)


@bundle_rule("MSH506", "error", aliases=("KIA1402",))
def unknown_backend(subject: Subject) -> Iterator[Fault]:
    """A route to a Service, or for one, that is not there.

    It answers 500. The port is one of the Service. A Service of another namespace also needs a ReferenceGrant there, by
    which that namespace lets in the routes of this one.

        # bad
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: web}
        spec: {rules: [{backendRefs: [{name: wbe, port: 80}]}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}]}
        # good
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: web}
        spec: {rules: [{backendRefs: [{name: web, port: 80}]}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}]}
    """
    hosts, grants = hosts_of(subject), _grants(subject)
    for route in _routes(subject):
        own = subject.namespace_of(route)
        for ref, is_backend in _services(route):
            namespace, name = _named(ref, own, _SERVICE, _SERVICE if is_backend else _GATEWAY) or ("", "")
            service = subject.find("", "Service", namespace, name)
            severity = certainty(hosts, f"{name}.{namespace}.svc.{CLUSTER_DOMAIN}", own) if name else None
            if service is None and severity:
                message = f"there is no Service {name} in namespace {namespace}"
                advice = _near(subject, name, subject.services)
                yield ref["name"].fault(message, advice, severity=severity, manifest=route.manifest)
            elif service:
                yield from _port(ref, service, route, is_backend=is_backend)
                wanted = _Grant(namespace, route.ref.kind, own, name)
                if is_backend and namespace != own and not grants & {wanted, wanted._replace(name="")}:
                    message = f"namespace {namespace} lets no {route.ref.kind} of namespace {own} lead to {name}"
                    advice = f"give {namespace} a ReferenceGrant"
                    yield ref["namespace"].fault(message, advice, manifest=route.manifest)


def _services(route: Resource) -> Iterator[tuple[Node, bool]]:
    """Each reference that may mean a Service, and whether requests are led there."""
    yield from ((parent, False) for parent in route.spec["parentRefs"])
    for rule in route.spec["rules"]:
        for backend in rule["backendRefs"]:
            yield backend, True
            yield from _mirrors(backend)
        yield from _mirrors(rule)


def _mirrors(place: Node) -> Iterator[tuple[Node, bool]]:
    for each in place["filters"]:
        if each["requestMirror"]["backendRef"]:
            yield each["requestMirror"]["backendRef"], True


def _port(ref: Node, service: Resource, route: Resource, *, is_backend: bool) -> Iterator[Fault]:
    port, ports = ref["port"], [each["port"].number for each in service.spec["ports"]]
    if port.number is not None and ports and port.number not in ports:
        shown = ", ".join(map(str, ports))
        yield port.fault(f"{service} has no port {port.number}", f"it has {shown}", manifest=route.manifest)
    elif not port and is_backend:
        yield ref.fault(f"a reference to a Service needs its port: {service}", manifest=route.manifest)


class _Grant(NamedTuple):
    """A namespace lets routes of a kind and namespace lead to a Service of its own, or to all for an empty name."""

    namespace: str
    kind: str
    origin: str
    name: str


def _grants(subject: Subject) -> set[_Grant]:
    return {
        _Grant(subject.namespace_of(grant), origin["kind"].text, origin["namespace"].text, target["name"].text)
        for grant in subject.kind(GATEWAY_API, "ReferenceGrant")
        for origin in grant.spec["from"]
        for target in grant.spec["to"]
        if target["kind"].text == "Service"
    }


@bundle_rule("MSH507", "error", aliases=("KIA1503",))
def repeated_listener(subject: Subject) -> Iterator[Fault]:
    """Two listeners of one Gateway that nobody can tell apart.

    Names are different, and so are ports, protocols or hosts.

        # bad
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: edge}
        spec:
          gatewayClassName: istio
          listeners: [{name: a, port: 80, protocol: HTTP}, {name: b, port: 80, protocol: HTTP}]
        # good
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: edge}
        spec:
          gatewayClassName: istio
          listeners:
          - {name: a, port: 80, protocol: HTTP, hostname: a.example.com}
          - {name: b, port: 80, protocol: HTTP, hostname: b.example.com}
    """
    for gateway in k8s_gateways(subject):
        names: set[str] = set()
        seen: set[tuple[object, ...]] = set()
        for listener in gateway.spec["listeners"]:
            if listener["name"].text in names:
                message = f"another listener is called {listener['name'].text} too"
                yield listener["name"].fault(message, manifest=gateway.manifest)
            elif _identity(listener) in seen:
                message = "another listener has this port, protocol and host too"
                yield listener["port"].fault(message, "give each a hostname", manifest=gateway.manifest)
            names.add(listener["name"].text)
            seen.add(_identity(listener))


def _identity(listener: Node) -> tuple[object, ...]:
    return listener["port"].number, listener["protocol"].text, listener["hostname"].text.lower()


@bundle_rule("MSH508", "warning", aliases=("KIA1501", "KIA1502"))
def rival_listeners(subject: Subject) -> Iterator[Fault]:
    """Two Gateways of the Gateway API for one host on one port, or with one address.

    Each has pods and an address of its own. Which of them a client meets is left to DNS, and an address goes to one.

        # bad
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: edge}
        spec:
          gatewayClassName: istio
          listeners: [{name: http, port: 80, protocol: HTTP, hostname: web.example.com}]
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: other}
        spec:
          gatewayClassName: istio
          listeners: [{name: http, port: 80, protocol: HTTP, hostname: web.example.com}]
        # good
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: edge}
        spec:
          gatewayClassName: istio
          listeners: [{name: http, port: 80, protocol: HTTP, hostname: web.example.com}]
    """
    taken: dict[tuple[object, ...], Resource] = {}
    for gateway in k8s_gateways(subject):
        for node, identity, shown in _claims(gateway):
            rival = taken.setdefault(identity, gateway)
            if rival is not gateway:
                yield node.fault(f"{rival} has {shown} too", "keep one", manifest=gateway.manifest)


def _claims(gateway: Resource) -> Iterator[tuple[Node, tuple[object, ...], str]]:
    for listener in gateway.spec["listeners"]:
        if listener["hostname"].text:
            shown = f"{listener['hostname'].text} on port {listener['port'].number}"
            yield listener["hostname"], _identity(listener), shown
    for address in gateway.spec["addresses"]:
        if address["value"].text:
            kind = address["type"].text or "IPAddress"
            yield address["value"], (kind, address["value"].text), f"the address {address['value'].text}"
