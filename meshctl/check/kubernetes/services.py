"""Services, and the pods behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from meshctl.check.finding import Fault
from meshctl.check.kubernetes.ports import port_faults
from meshctl.check.node import Node
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import bundle_rule, object_rule
from meshctl.check.subject import Subject
from meshctl.errors import did_you_mean


@object_rule("MSH230", "error", "Service")
def service_ports(service: Resource) -> Iterator[Fault]:
    """Ports of a Service that the API server refuses.

    Numbers are from 1 to 65535, names are different from each other, and every Service but a headless one or an
    `ExternalName` has a port.

        # bad
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}, {name: http, port: 81}]}
        # good
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}, {name: http-admin, port: 81}]}
    """
    spec = service.spec
    names: set[str] = set()
    for port in spec["ports"]:
        yield from port_faults(port["port"])
        yield from port_faults(port["targetPort"], least=0)
        name = port["name"]
        if name.text and name.text in names:
            yield name.fault(f"two ports of {service} are called {name.text}", "rename one of them")
        names.add(name.text)
    if not list(spec["ports"]) and spec["clusterIP"].text != "None" and spec["type"].text != "ExternalName":
        yield spec["ports"].fault(f"{service} has no ports", "add one, or write clusterIP: None")


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


@bundle_rule("MSH233", "warning", aliases=("KIA0701",))
def target_port_unlisted(subject: Subject) -> Iterator[Fault]:
    """A port of a Service leads to a number that its containers do not list.

    A container need not list its ports, so it may be right; where other ports are listed, it is more often a typing
    mistake, and connections are refused.

        # bad
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          selector: {app: web}
          ports: [{port: 80, targetPort: 8008}]
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec:
          containers: [{name: web, image: "web:1", ports: [{containerPort: 8080}]}]
        # good
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          selector: {app: web}
          ports: [{port: 80, targetPort: 8080}]
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec:
          containers: [{name: web, image: "web:1", ports: [{containerPort: 8080}]}]
    """
    for service, pods in subject.selected.items():
        listed = {port["containerPort"].number for pod in pods for port in pod.ports} - {None}
        for port in service.spec["ports"] if listed else ():
            target = port["targetPort"] or port["port"]
            if target.number is not None and target.number not in listed:
                told = ", ".join(map(str, sorted(filter(None, listed))))
                message = f"{service} leads to port {target.number}, and its containers list {told}"
                yield target.fault(message, "lead it to one of those, or list it too", manifest=service.manifest)


@bundle_rule("MSH234", "warning", aliases=("dangling-service", "service-targets-pod"))
def selects_nothing(subject: Subject) -> Iterator[Fault]:
    """A Service whose selector takes no pod of the project.

    Connections to it fail, unless something else makes its pods. Where no label of a pod is nearly the same it is only
    a note.

        # bad
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: website}, ports: [{port: 80}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{port: 80}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1"}]}
    """
    for service, pods in subject.selected.items():
        if not pods and service.spec["type"].text != "ExternalName":
            selector = service.spec["selector"]
            told = ", ".join(f"{key}={value}" for key, value in selector.mapping.items())
            near = _nearest(subject, service)
            yield selector.fault(
                f"{service} selects no pod: none has {told}",
                near or "compare it with the labels of the pod template",
                severity="warning" if near else "info",
                manifest=service.manifest,
            )


def _nearest(subject: Subject, service: Resource) -> str:
    """A value that pods have of a label, where the selector has nearly the same."""
    pods = subject.pods_with({}, subject.namespace_of(service))
    for key, value in service.spec["selector"].mapping.items():
        known = {str(pod.labels[key]) for pod in pods if key in pod.labels}
        if str(value) not in known and (advice := did_you_mean(str(value), known)):
            return advice
    return ""
