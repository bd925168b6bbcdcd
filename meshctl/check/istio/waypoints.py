"""The ambient mode: without a sidecar, HTTP is for waypoints, and those go by what names them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshctl.check.finding import Fault
from meshctl.check.istio.authorization import both
from meshctl.check.istio.destination_rules import policies
from meshctl.check.istio.gateway_pods import is_installed
from meshctl.check.istio.injection import MODE, is_ambient, wish
from meshctl.check.istio.kinds import GATEWAY_API, NETWORKING, ROOT_NAMESPACE
from meshctl.check.istio.names import expanded, service_name
from meshctl.check.istio.selection import WITH_TARGETS, has_targets, selected, selector
from meshctl.check.istio.values import texts
from meshctl.check.istio.virtual_services.parts import is_for_mesh
from meshctl.check.node import Node
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import bundle_rule, pod_rule
from meshctl.check.subject import Subject
from meshctl.errors import did_you_mean

_USE_WAYPOINT = "istio.io/use-waypoint"
_OF_NAMESPACE = "istio.io/use-waypoint-namespace"
_OPERATIONS, _SOURCES = both(("hosts", "methods", "paths")), both(("requestPrincipals",))
_HASHED = ("httpHeaderName", "httpCookie", "httpQueryParameterName")


def _ambient(subject: Subject) -> Mapping[str, Mapping[str, Any]]:
    """The labels of the namespaces at hand that are in the ambient mode."""
    namespaces = (each for each in subject.kind("", "Namespace") if each.ref.name != ROOT_NAMESPACE)
    return {each.ref.name: each.labels for each in namespaces if is_ambient(each.labels)}


def _has_waypoint(*labels: Mapping[str, Any]) -> bool:
    """Whether the first labels that say something of waypoints name one."""
    said = next((each[_USE_WAYPOINT] for each in labels if _USE_WAYPOINT in each), "")
    return said not in ("", "none")


@bundle_rule("MSH511", "warning", aliases=("KIA0110", "KIA1115", "KIA1116", "KIA1117"))
def policy_without_waypoint(subject: Subject) -> Iterator[Fault]:
    """A policy of HTTP in a namespace of the ambient mode that no waypoint follows.

    Pods have no sidecar there, and waypoints follow the policies that name them, or a Service of theirs, in targetRefs.
    Of an AuthorizationPolicy without them only what can be told without HTTP is left: the rest denies.

        # bad
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: web, namespace: shop}
        spec: {selector: {matchLabels: {app: web}}, rules: [{to: [{operation: {methods: [GET]}}]}]}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}}
        # good
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: web, namespace: shop}
        spec: {targetRefs: [{kind: Service, group: "", name: web}], rules: [{to: [{operation: {methods: [GET]}}]}]}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}}
    """
    for policy, _ in _http_policies(subject):
        if not has_targets(policy) and not _is_for_proxies(subject, policy):
            place = selector(policy) or policy.spec
            namespace = subject.namespace_of(policy)
            message = (
                f"namespace {namespace} is in the ambient mode, and waypoints follow policies with targetRefs only"
            )
            advice = "name the Service or the waypoint in targetRefs"
            yield place.fault(message, advice, at_key=True, manifest=policy.manifest)


def _http_policies(subject: Subject) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    """The policies of HTTP in namespaces of the ambient mode, with the labels of those."""
    ambient = _ambient(subject)
    for group, kind in WITH_TARGETS if ambient else ():
        for policy in subject.kind(group, kind):
            if subject.namespace_of(policy) in ambient and _is_of_http(policy):
                yield policy, ambient[subject.namespace_of(policy)]


def _is_of_http(policy: Resource) -> bool:
    if policy.ref.kind == "AuthorizationPolicy":
        return any(_needs_http(rule) for rule in policy.spec["rules"])
    if policy.ref.kind == "Telemetry":
        overrides = any(entry["overrides"].value for entry in policy.spec["metrics"])
        return bool(policy.spec["tracing"].value or policy.spec["accessLogging"].value or overrides)
    return True


def _needs_http(rule: Node) -> bool:
    operations = (target["operation"][field] for target in rule["to"] for field in _OPERATIONS)
    sources = (origin["source"][field] for origin in rule["from"] for field in _SOURCES)
    if any(node.value for node in (*operations, *sources)):
        return True
    return any(condition["key"].text.startswith("request.") for condition in rule["when"])


def _is_for_proxies(subject: Subject, policy: Resource) -> bool:
    """Whether a policy selects pods that have a proxy of their own in spite of all."""
    labels = selector(policy).mapping
    if not labels:
        return False
    pods = selected(subject, labels, subject.namespace_of(policy))
    return is_installed(labels) or any(wish(pod) == "true" for pod in pods)


@bundle_rule(
    "MSH512",
    "warning",
    aliases=("KIA0109", "KIA0210", "KIA0211", "KIA1109", "KIA1110", "KIA1111", "KIA1112", "KIA1113"),
)
def service_without_waypoint(subject: Subject) -> Iterator[Fault]:
    """HTTP for a Service of the ambient mode that has no waypoint.

    Nobody reads its requests as HTTP: routes, policies and limits have no effect. The label istio.io/use-waypoint on
    the Service, or on its namespace, names the waypoint.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web, namespace: shop}
        spec: {hosts: [web], http: [{route: [{destination: {host: web}}]}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec: {ports: [{name: http, port: 80}]}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web, namespace: shop}
        spec: {hosts: [web], http: [{route: [{destination: {host: web}}]}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop, labels: {istio.io/use-waypoint: waypoint}}
        spec: {ports: [{name: http, port: 80}]}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
    """
    for resource, node, service, labels in _captured(subject):
        if not _has_waypoint(service.labels, labels):
            message = f"{service} is in the ambient mode and has no waypoint"
            yield node.fault(message, f"label it {_USE_WAYPOINT}", manifest=resource.manifest)


@bundle_rule("MSH513", "warning", aliases=("KIA0212", "KIA1114"))
def rule_of_another_namespace(subject: Subject) -> Iterator[Fault]:
    """Routes or limits for a Service of the ambient mode that are not in its namespace.

    Waypoints follow those in the namespace of the Service. In the others they are for sidecars and gateways only.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web, namespace: pay}
        spec:
          hosts: [web.shop.svc.cluster.local]
          http: [{route: [{destination: {host: web.shop.svc.cluster.local}}]}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec: {ports: [{name: http, port: 80}]}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}}
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web, namespace: shop}
        spec: {hosts: [web], http: [{route: [{destination: {host: web}}]}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec: {ports: [{name: http, port: 80}]}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}}
    """
    for resource, node, service, _ in _captured(subject):
        namespace = subject.namespace_of(service)
        if subject.namespace_of(resource) != namespace:
            message = f"the waypoint of {service} follows only what is in namespace {namespace}"
            yield node.fault(message, "move it there", manifest=resource.manifest)


def _captured(subject: Subject) -> Iterator[tuple[Resource, Node, Resource, Mapping[str, Any]]]:
    """What speaks of HTTP for a Service of the ambient mode: the place, the Service, the labels of its namespace."""
    ambient = _ambient(subject)
    if not ambient:
        return
    for policy, labels in _http_policies(subject):
        for target in (policy.spec["targetRef"], *policy.spec["targetRefs"]):
            service = subject.find("", "Service", subject.namespace_of(policy), target["name"].text)
            if service and target["kind"].text == "Service":
                yield policy, target["name"], service, labels
    for resource, node in _hosts(subject):
        namespace, name = service_name(expanded(node.text, subject.namespace_of(resource))) or ("", "")
        service = subject.find("", "Service", namespace, name)
        if service and namespace in ambient:
            yield resource, node, service, ambient[namespace]


def _hosts(subject: Subject) -> Iterator[tuple[Resource, Node]]:
    """Hosts for which a VirtualService has routes of HTTP or TLS, or a DestinationRule limits of HTTP."""
    for service in subject.kind(NETWORKING, "VirtualService"):
        if is_for_mesh(service) and (service.spec["http"].value or service.spec["tls"].value):
            yield from ((service, node) for node, _ in texts(service.spec["hosts"]))
    for rule in subject.kind(NETWORKING, "DestinationRule"):
        if any(_is_for_http(policy) for policy in policies(rule)):
            yield rule, rule.spec["host"]


def _is_for_http(policy: Node) -> bool:
    hashed = policy["loadBalancer"]["consistentHash"]
    limits = policy["connectionPool"]["http"] or policy["outlierDetection"]
    return bool(limits) or any(hashed[field] for field in _HASHED)


@bundle_rule("MSH514", "error", aliases=("KIA1313",))
def unknown_waypoint(subject: Subject) -> Iterator[Fault]:
    """A label that names a waypoint which is not there.

    Requests go past it: nobody reads them as HTTP. Looked for in namespaces of which a Gateway of the Gateway API is
    among the objects at hand.

        # bad
        apiVersion: v1
        kind: Service
        metadata: {name: web, labels: {istio.io/use-waypoint: wyapoint}}
        spec: {ports: [{name: http, port: 80}]}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: waypoint}
        spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
        # good
        apiVersion: v1
        kind: Service
        metadata: {name: web, labels: {istio.io/use-waypoint: waypoint}}
        spec: {ports: [{name: http, port: 80}]}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: waypoint}
        spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}
    """
    waypoints = subject.kind(GATEWAY_API, "Gateway")
    here = {subject.namespace_of(waypoint) for waypoint in waypoints}
    for resource, labels in _labelled(subject) if here else ():
        wanted = labels[_USE_WAYPOINT].text
        own = resource.ref.name if resource.ref.kind == "Namespace" else subject.namespace_of(resource)
        namespace = labels[_OF_NAMESPACE].text or own
        is_there = subject.find(GATEWAY_API, "Gateway", namespace, wanted) is not None
        if _has_waypoint(labels.mapping) and namespace in here and not is_there:
            near = did_you_mean(wanted, [each.ref.name for each in waypoints])
            message = f"there is no waypoint {wanted} in namespace {namespace}"
            yield labels[_USE_WAYPOINT].fault(message, near, manifest=resource.manifest)


def _labelled(subject: Subject) -> Iterator[tuple[Resource, Node]]:
    for resource in (*subject.kind("", "Namespace"), *subject.services):
        yield resource, resource.metadata["labels"]
    for pod in subject.pods:
        yield pod.resource, pod.template["metadata"]["labels"]


@pod_rule("MSH515", "warning", aliases=("KIA1311", "KIA1315"))
def two_modes(pod: Pod) -> Iterator[Fault]:
    """A pod that asks for a sidecar and for the ambient mode.

    It gets the sidecar, and the mesh does not take its traffic a second time. Leave one of them out.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {sidecar.istio.io/inject: "true", istio.io/dataplane-mode: ambient}}
        spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {istio.io/dataplane-mode: ambient}}
        spec: {containers: [{name: web, image: "web:1"}]}
    """
    if pod.labels.get(MODE) == "ambient" and wish(pod) == "true":
        yield pod.template["metadata"]["labels"][MODE].fault("the pod asks for a sidecar too", "keep one of them")
