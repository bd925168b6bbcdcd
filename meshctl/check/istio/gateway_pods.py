"""Gateways and the pods that they configure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import NETWORKING
from meshctl.check.istio.selection import shown
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject

# The gateways that Istio's own charts install, which no bundle has: their labels and the ports of their Services.
INSTALLED = (
    {"istio": "ingressgateway", "app": "istio-ingressgateway"},
    {"istio": "egressgateway", "app": "istio-egressgateway"},
    {"istio": "eastwestgateway", "app": "istio-eastwestgateway"},
)


_INSTALLED_PORTS = frozenset({80, 443, 8080, 8443, 15012, 15017, 15021, 15443, 31400})


def gateways(subject: Subject) -> list[Resource]:
    return subject.kind(NETWORKING, "Gateway")


def is_within(labels: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    return all(others.get(key) == value for key, value in labels.items())


def is_installed(labels: Mapping[str, Any]) -> bool:
    """Whether a selector takes the pods of a gateway that Istio itself installs."""
    return any(is_within(labels, each) for each in INSTALLED)


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
        if labels.mapping and not is_installed(labels.mapping) and not subject.pods_anywhere(labels.mapping):
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
        pods = subject.pods_anywhere(labels) if labels else []
        if not pods and not is_installed(labels):
            continue
        open_ports = set(_service_ports(subject, pods)) or (_INSTALLED_PORTS if is_installed(labels) else set())
        for server in gateway.spec["servers"]:
            number = server["port"]["number"]
            if labels and number.number and number.number not in open_ports:
                message = f"no Service of the pods with {shown(labels)} has port {number.number}"
                yield number.fault(message, manifest=gateway.manifest)


def _service_ports(subject: Subject, pods: Iterable[Pod]) -> Iterator[int]:
    """Ports, and ports of the pods, of all Services before some pods."""
    for service in {service for pod in pods for service in subject.selecting.get(pod, ())}:
        for port in service.spec["ports"]:
            yield from (each.number for each in (port["port"], port["targetPort"]) if each.number)
