"""Ways in and ways barred: Ingresses and NetworkPolicies."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule, object_rule
from meshctl.check.selectors import matches
from meshctl.check.subject import Subject
from meshctl.errors import did_you_mean

_INGRESS = ("networking.k8s.io", "Ingress")


@object_rule("MSH270", "error", "Ingress.networking.k8s.io")
def ingress_paths(ingress: Resource) -> Iterator[Fault]:
    """A path of an Ingress that the API server refuses.

    A path of type `Exact` or `Prefix` begins with a slash, and has no `//`.

        # bad
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: web}
        spec:
          rules:
          - http: {paths: [{path: shop, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
        # good
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: web}
        spec:
          rules:
          - http: {paths: [{path: /shop, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
    """
    for rule in ingress.spec["rules"]:
        for each in rule["http"]["paths"]:
            path = each["path"]
            if each["pathType"].text in ("Exact", "Prefix") and (not path.text.startswith("/") or "//" in path.text):
                advice = f"write /{path.text.lstrip('/')}" if "//" not in path.text.lstrip("/") else ""
                yield path.fault(f'"{path.text}" is no path: it begins with one slash', advice)


@bundle_rule("MSH271", "warning", aliases=("ingress-targets-service",))
def ingress_backends(subject: Subject) -> Iterator[Fault]:
    """An Ingress leads to a Service, or to a port of it, that is not there.

    Requests are answered with 503. Of a Service that the project has, the missing port is an error.

        # bad
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: web}
        spec: {defaultBackend: {service: {name: wbe, port: {number: 80}}}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{port: 80}]}
        # good
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: web}
        spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{port: 80}]}
    """
    for ingress in subject.kind(*_INGRESS):
        for backend in _backends(ingress):
            name = backend["name"]
            service = subject.find("", "Service", subject.namespace_of(ingress), name.text)
            if name.text and service is None:
                message = f"{ingress} leads to Service {name.text}, which the project does not have"
                near = did_you_mean(name.text, [each.ref.name for each in subject.services])
                yield name.fault(message, near, manifest=ingress.manifest)
            elif service is not None:
                yield from _port_of(ingress, backend["port"], service)


def _backends(ingress: Resource) -> Iterator[Node]:
    yield ingress.spec["defaultBackend"]["service"]
    for rule in ingress.spec["rules"]:
        for path in rule["http"]["paths"]:
            yield path["backend"]["service"]


def _port_of(ingress: Resource, port: Node, service: Resource) -> Iterator[Fault]:
    for node, key in ((port["number"], "port"), (port["name"], "name")):
        known = [str(each[key].value) for each in service.spec["ports"] if each[key]]
        if node and str(node.value) not in known and service.spec["type"].text != "ExternalName":
            message = f"{ingress} leads to port {node.value}, which {service} does not have"
            advice = did_you_mean(str(node.value), known) or f"it has {', '.join(known) or 'none by name'}"
            yield node.fault(message, advice, manifest=ingress.manifest)


@bundle_rule("MSH272", "info", aliases=("dangling-networkpolicy", "networkpolicy-targets-pod"))
def policy_of_nobody(subject: Subject) -> Iterator[Fault]:
    """A NetworkPolicy that selects no pod of the project.

    What it was to protect is open.

        # bad
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: db}
        spec: {podSelector: {matchLabels: {app: database}}, policyTypes: [Ingress]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: db, labels: {app: db}}
        spec: {containers: [{name: db, image: "db:1"}]}
        # good
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: db}
        spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: db, labels: {app: db}}
        spec: {containers: [{name: db, image: "db:1"}]}
    """
    for policy in subject.kind("networking.k8s.io", "NetworkPolicy"):
        selector = policy.spec["podSelector"]
        pods = subject.pods_with(selector["matchLabels"].mapping, subject.namespace_of(policy))
        if selector.mapping and not any(matches(selector, pod.labels) for pod in pods):
            advice = "compare it with the labels of the pod templates"
            yield selector.fault(f"{policy} selects no pod", advice, manifest=policy.manifest)
