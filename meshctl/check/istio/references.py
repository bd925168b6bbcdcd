"""What names something else: hosts, ports, subsets, gateways, delegates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from meshctl.check.finding import Fault, Severity
from meshctl.check.istio.hosts import Host, Hosts, hosts_of, visibility
from meshctl.check.istio.kinds import MESH, NETWORKING
from meshctl.check.istio.names import CLUSTER_DOMAIN, expanded, service_name, within
from meshctl.check.istio.values import texts
from meshctl.check.istio.virtual_services.parts import destinations, is_delegate
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject
from meshctl.errors import did_you_mean

_TOPOLOGY = ("topology.kubernetes.io/", "topology.istio.io/")


def virtual_services(subject: Subject) -> list[Resource]:
    return subject.kind(NETWORKING, "VirtualService")


def _viewers(subject: Subject, service: Resource) -> frozenset[str]:
    """The namespaces whose callers follow a VirtualService; its own stands for all."""
    own = subject.namespace_of(service)
    seen = visibility(service, own)
    return frozenset({own}) if "*" in seen else seen


def _found(subject: Subject) -> Iterator[tuple[Resource, Node, str, Host | None]]:
    """Each destination of each VirtualService: with its full name, and the host that it is."""
    hosts = hosts_of(subject)
    for service in virtual_services(subject):
        namespace, viewers = subject.namespace_of(service), _viewers(subject, service)
        for target in destinations(service):
            if target["host"].text:
                name = expanded(target["host"].text, namespace)
                yield service, target, name, hosts.find(name, viewers)


@bundle_rule("MSH355", "error", aliases=("IST0101", "KIA1101"))
def unknown_host(subject: Subject) -> Iterator[Fault]:
    """A destination that is no host of the mesh.

    There is no Service of that name and no ServiceEntry, or none that is exported to here: requests answer 503. A name
    without dots is a Service of the same namespace; `name.namespace` is none: write `name.namespace.svc.cluster.local`.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: wbe}}]}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web}}]}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}]}
    """
    hosts = hosts_of(subject)
    for service, target, name, host in _found(subject):
        own = subject.namespace_of(service)
        severity = _certainty(hosts, name, own)
        if host is None and severity and not _is_wildcard_of_cluster(name):
            message = f"no Service and no ServiceEntry is {target['host'].text}"
            advice = _near(hosts, target["host"].text, own)
            yield target["host"].fault(message, advice, severity=severity, manifest=service.manifest)


def _certainty(hosts: Hosts, name: str, own: str) -> Severity | None:
    """How sure it is that a host that is not here is nowhere; None for somebody else's namespace."""
    if hosts.knows(name, own):
        return "error"
    service = service_name(name)
    return "warning" if service is None or service[0] == own else None


def _is_wildcard_of_cluster(name: str) -> bool:
    return name.startswith("*") and name.endswith((".local", "*"))


def _near(hosts: Hosts, said: str, own: str) -> str:
    name, _, namespace = said.partition(".")
    if f"{name}.{namespace}.svc.{CLUSTER_DOMAIN}" in hosts.names:
        return f"write {name}.{namespace}.svc.{CLUSTER_DOMAIN}"
    end = f".{own}.svc.{CLUSTER_DOMAIN}"
    known = [each.removesuffix(end) for each in hosts.names]
    return did_you_mean(said, known)


@bundle_rule("MSH356", "error", aliases=("IST0101",))
def unknown_port(subject: Subject) -> Iterator[Fault]:
    """A destination with a port that its host does not have.

    The number is that of the Service, not of the container.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web, port: {number: 8080}}}]}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80, targetPort: 8080}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web, port: {number: 80}}}]}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80, targetPort: 8080}]}
    """
    for service, target, _, host in _found(subject):
        port = target["port"]["number"]
        if host and port.number and host.ports and port.number not in host.ports:
            shown = ", ".join(map(str, host.ports))
            message = f"{target['host'].text} has no port {port.number}"
            yield port.fault(message, f"it has {shown}", manifest=service.manifest)


@bundle_rule("MSH357", "error", aliases=("IST0112",))
def port_left_open(subject: Subject) -> Iterator[Fault]:
    """A destination without a port, whose host has several.

    Requests then go to the port that the caller meant, if there is one of that number.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web}}]}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}, {name: grpc, port: 90}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web, port: {number: 80}}}]}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}, {name: grpc, port: 90}]}
    """
    for service, target, _, host in _found(subject):
        if host and not target["port"] and len(host.ports) > 1:
            shown = ", ".join(map(str, host.ports))
            message = f"{target['host'].text} has several ports, and the destination names none"
            yield target.fault(message, f"name one of {shown}", manifest=service.manifest)


Subsets = Mapping[str, set[str]]


def _subsets(subject: Subject) -> Subsets:
    """The subsets that DestinationRules define, by full name of the host."""
    found: dict[str, set[str]] = defaultdict(set)
    for rule in subject.kind(NETWORKING, "DestinationRule"):
        name = expanded(rule.spec["host"].text, subject.namespace_of(rule))
        found[name].update(subset["name"].text for subset in rule.spec["subsets"])
    return found


@bundle_rule("MSH358", "error", aliases=("IST0101", "KIA1107"))
def unknown_subset(subject: Subject) -> Iterator[Fault]:
    """A destination with a subset that no DestinationRule defines.

    Requests answer 503. Add a subset before a VirtualService names it, and remove it after.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web, subset: v2}}]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec: {host: web, subsets: [{name: v1, labels: {version: v1}}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web, subset: v1}}]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec: {host: web, subsets: [{name: v1, labels: {version: v1}}]}
    """
    subsets, hosts = _subsets(subject), hosts_of(subject)
    wide = [name for name in subsets if name.startswith("*")]
    for service, target, name, host in _found(subject):
        subset = target["subset"]
        known = subsets.get(name, set()).union(*(subsets[each] for each in wide if within(name, each)))
        if not subset.text or subset.text in known:
            continue
        severity = "error" if name in subsets or host else _certainty(hosts, name, subject.namespace_of(service))
        if severity:
            message = f"no DestinationRule defines the subset {subset.text} of {target['host'].text}"
            yield subset.fault(message, did_you_mean(subset.text, known), severity=severity, manifest=service.manifest)


def gateway_name(reference: str, namespace: str) -> tuple[str, str]:
    """Namespace and name of the Gateway that a reference in a namespace means; also in its old form with dots."""
    first, slash, name = reference.partition("/")
    if slash:
        return (namespace if first == "." else first, name)
    name, *rest = reference.split(".")
    return (rest[0] if rest else namespace, name)


def gateway_references(subject: Subject) -> Iterator[tuple[Resource, Node, str, tuple[str, str]]]:
    """Each Gateway that a VirtualService names: the place, the text, and namespace and name."""
    for service in virtual_services(subject):
        for node, reference in texts(service.spec["gateways"]):
            if reference != MESH:
                yield service, node, reference, gateway_name(reference, subject.namespace_of(service))


@bundle_rule("MSH359", "error", aliases=("IST0101", "IST0132", "KIA1102"))
def unknown_gateway(subject: Subject) -> Iterator[Fault]:
    """A VirtualService for a Gateway that there is not.

    It then applies nowhere. A name without a namespace is that of a Gateway of the same namespace.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          gateways: [shpo]
          http: [{route: [{destination: {host: web}}]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [web.example.com]}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          gateways: [shop]
          http: [{route: [{destination: {host: web}}]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: shop}
        spec: {servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [web.example.com]}]}
    """
    here = {subject.namespace_of(gateway) for gateway in subject.kind(NETWORKING, "Gateway")}
    certain = here | hosts_of(subject).namespaces
    for service, node, reference, (namespace, name) in gateway_references(subject):
        own = subject.namespace_of(service)
        if subject.find(NETWORKING, "Gateway", namespace, name) or (namespace != own and namespace not in here):
            continue
        known = [each.ref.name for each in subject.kind(NETWORKING, "Gateway")]
        message = f"there is no Gateway {reference}" + (f" in namespace {namespace}" if "/" not in reference else "")
        severity: Severity = "error" if namespace in certain else "warning"
        yield node.fault(message, _elsewhere(subject, name, known), severity=severity, manifest=service.manifest)


def _elsewhere(subject: Subject, name: str, known: list[str]) -> str:
    for gateway in subject.kind(NETWORKING, "Gateway"):
        if gateway.ref.name == name:
            return f"write {subject.namespace_of(gateway)}/{name}"
    return did_you_mean(name, known)


@bundle_rule("MSH360", "warning", aliases=("IST0174", "KIA0202"))
def rule_for_nobody(subject: Subject) -> Iterator[Fault]:
    """A DestinationRule for a host that is none of the mesh.

    There is no Service of that name and no ServiceEntry, so nobody follows it.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec: {host: wbe, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec: {host: web, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}]}
    """
    hosts = hosts_of(subject)
    for rule in subject.kind(NETWORKING, "DestinationRule"):
        node, own = rule.spec["host"], subject.namespace_of(rule)
        name = expanded(node.text, own)
        if not name or _is_wildcard_of_cluster(name) or not hosts.knows(name, own):
            continue
        if hosts.find(name, (own,)) is None:
            message = f"no Service and no ServiceEntry is {node.text}, so nobody follows this rule"
            yield node.fault(message, _near(hosts, node.text, own), manifest=rule.manifest)


@bundle_rule("MSH361", "error", aliases=("IST0173", "KIA0203"))
def empty_subset(subject: Subject) -> Iterator[Fault]:
    """A subset whose labels no pod of its host has.

    A destination with it answers 503. The labels are those of the pods, beside the ones that the Service selects by.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec: {host: web, subsets: [{name: v2, labels: {version: v2}}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web, version: v1}}
        spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec: {host: web, subsets: [{name: v1, labels: {version: v1}}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web, version: v1}}
        spec: {containers: [{name: web, image: "web:1"}]}
    """
    for rule in subject.kind(NETWORKING, "DestinationRule"):
        named = service_name(expanded(rule.spec["host"].text, subject.namespace_of(rule)))
        service = subject.find("", "Service", *named) if named else None
        if named and service and service.spec["selector"].mapping:
            for subset in rule.spec["subsets"]:
                yield from _selecting(subject, rule, subset, service, named[0])


def _selecting(subject: Subject, rule: Resource, subset: Node, service: Resource, namespace: str) -> Iterator[Fault]:
    wanted = {key: value for key, value in subset["labels"].mapping.items() if not key.startswith(_TOPOLOGY)}
    selector = service.spec["selector"].mapping
    if wanted and not subject.pods_with({**selector, **wanted}, namespace):
        shown = ", ".join(f"{key}={value}" for key, value in wanted.items())
        message = f"no pod of {service} has {shown}"
        severity: Severity = "error" if subject.pods_with(selector, namespace) else "warning"
        yield subset["labels"].fault(message, severity=severity, manifest=rule.manifest)


@bundle_rule("MSH369", "error")
def unknown_delegate(subject: Subject) -> Iterator[Fault]:
    """A rule that delegates to nobody.

    The VirtualService is not there, has hosts of its own, or is not exported to here: then the rule does not exist.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          http: [{match: [{uri: {prefix: /shop}}], delegate: {name: shop}}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web.example.com]
          http: [{match: [{uri: {prefix: /shop}}], delegate: {name: shop}}]
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: shop}
        spec:
          http: [{route: [{destination: {host: shop}}]}]
    """
    here = {subject.namespace_of(each) for each in virtual_services(subject)}
    for service in virtual_services(subject):
        own = subject.namespace_of(service)
        for rule in service.spec["http"]:
            target = rule["delegate"]
            namespace = target["namespace"].text or own
            if target["name"].text and namespace in here:
                found = subject.find(NETWORKING, "VirtualService", namespace, target["name"].text)
                if message := _delegate_fault(found, target["name"].text, namespace, own):
                    yield target.fault(message, manifest=service.manifest)


def _delegate_fault(found: Resource | None, name: str, namespace: str, own: str) -> str:
    if found is None:
        return f"there is no VirtualService {name} in namespace {namespace}, so this rule does not exist"
    if not is_delegate(found):
        return f"{found} has hosts, so nobody can delegate to it"
    seen = visibility(found, namespace)
    return "" if "*" in seen or own in seen else f"{found} is not exported to namespace {own}"
