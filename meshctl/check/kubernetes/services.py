"""Services, and the pods behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from meshctl.check.finding import Fault
from meshctl.check.node import Node
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import bundle_rule, object_rule
from meshctl.check.subject import Subject
from meshctl.errors import did_you_mean


@object_rule("MSH231", "error", "Service")
def unnamed_ports(service: Resource) -> Iterator[Fault]:
    """A Service with several ports has one without a name.

    The API server refuses it: with several ports each needs a name. Istio reads the protocol from it, too.

        # bad
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          selector: {app: web}
          ports: [{name: http, port: 80}, {port: 81}]
        # good
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          selector: {app: web}
          ports: [{name: http, port: 80}, {name: http-admin, port: 81}]
    """
    ports = list(service.spec["ports"])
    if len(ports) > 1:
        for port in ports:
            if not port["name"].text:
                yield port["name"].fault(f"port {port['port'].value} of {service} has no name", "name it: http-admin")


@bundle_rule("MSH232", "error", aliases=("dangling-service",))
def target_port_nowhere(subject: Subject) -> Iterator[Fault]:
    """A port of a Service leads to a named port that no container of its pods has.

    Connections to it would fail: the name of a `targetPort` is looked up in the pods that the selector takes.

        # bad
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          selector: {app: web}
          ports: [{port: 80, targetPort: htpp}]
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec:
          containers: [{name: web, image: "web:1", ports: [{name: http, containerPort: 8080}]}]
        # good
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          selector: {app: web}
          ports: [{port: 80, targetPort: http}]
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec:
          containers: [{name: web, image: "web:1", ports: [{name: http, containerPort: 8080}]}]
    """
    for service, pods in subject.selected.items():
        for port in service.spec["ports"]:
            target = port["targetPort"]
            if pods and target.text and target.text not in (names := set(_port_names(pods))):
                message = f"{service} leads to port {target.text}, which no container of its pods has"
                advice = did_you_mean(target.text, names) or "give a containerPort that name"
                yield target.fault(message, advice, manifest=service.manifest)


def _port_names(pods: Iterable[Pod]) -> Iterator[str]:
    ports: Iterator[Node] = (port for pod in pods for port in pod.ports)
    return (port["name"].text for port in ports if port["name"].text)
