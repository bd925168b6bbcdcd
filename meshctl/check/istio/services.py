"""Services as the mesh reads them: by the names of their ports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.injection import is_in_mesh, is_system
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule, object_rule
from meshctl.check.subject import Subject

_NAMES = frozenset(
    {
        "tcp",
        "udp",
        "grpc",
        "grpc-web",
        "http",
        "http2",
        "https",
        "http_proxy",
        "tls",
        "mongo",
        "redis",
        "mysql",
        "hbone",
    }
)
_WELL_KNOWN = frozenset({25, 53, 3306, 27017})  # what servers on these ports speak is never HTTP
_MANAGED = "gateway.istio.io/managed"


def protocol_of(port: Node) -> str:
    """The protocol that a port says it speaks, by appProtocol or by its name up to the first `-`; empty where none."""
    said = port["appProtocol"].text.lower()
    if said:
        return said
    name = port["name"].text.lower()
    if name == "grpc-web" or name.startswith("grpc-web-"):
        return "grpc-web"
    first = name.partition("-")[0]
    return first if first in _NAMES else ""


def _is_external(service: Resource) -> bool:
    return service.spec["type"].text == "ExternalName"


@object_rule("MSH384", "info", "Service", aliases=("IST0118", "KIA0601", "KIA0602"))
def protocol_unsaid(service: Resource) -> Iterator[Fault]:
    """A port of a Service whose protocol Istio has to guess.

    The part of its name before `-`, or appProtocol, says it: http, http2, https, grpc, tcp, tls, mongo, mysql, redis.
    Else Istio looks at the first bytes, which slows connections where the server speaks first.

        # bad
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: web, port: 80}]}
        # good
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http-web, port: 80}]}
    """
    if _is_external(service) or is_system(service.ref.namespace):
        return
    for port in service.spec["ports"]:
        exempt = port["protocol"].text == "UDP" or port["port"].number in _WELL_KNOWN
        if not exempt and not protocol_of(port):
            name = port["name"].text
            what = f'the name "{name}"' if name else "a port without a name"
            message = f"{what} does not say what port {port['port'].value} speaks"
            yield (port["name"] or port).fault(message, f"name it http-{name or 'web'}, tcp-… or grpc-…")


@object_rule("MSH385", "warning", "Service", aliases=("IST0150",))
def external_name_as_tcp(service: Resource) -> Iterator[Fault]:
    """A port of an external name that Istio takes for plain TCP, whoever uses it.

    All sidecars then send every connection to that port number, wherever it was meant for, to this one name. Name the
    port after what it speaks.

        # bad
        apiVersion: v1
        kind: Service
        metadata: {name: pay}
        spec: {type: ExternalName, externalName: pay.example.com, ports: [{name: tcp, port: 443}]}
        # good
        apiVersion: v1
        kind: Service
        metadata: {name: pay}
        spec: {type: ExternalName, externalName: pay.example.com, ports: [{name: https, port: 443}]}
    """
    if not _is_external(service):
        return
    for port in service.spec["ports"]:
        if protocol_of(port) in ("", "tcp"):
            message = f"Istio takes port {port['port'].value} of this external name for plain TCP"
            yield (port["name"] or port).fault(message, "name the port http, https, tls or grpc")


def _shared(subject: Subject) -> Iterator[tuple[Resource, list[Resource]]]:
    """Deployments in the mesh with several Services before them."""
    for pod, services in subject.selecting.items():
        workload = pod.resource
        is_shared = workload.ref.kind == "Deployment" and len(services) > 1 and _MANAGED not in workload.labels
        if is_shared and is_in_mesh(subject, pod):
            yield workload, services


def _listed(services: Iterable[Resource]) -> str:
    return " and ".join(sorted({service.ref.name for service in services}))


@bundle_rule("MSH386", "warning", aliases=("IST0116",))
def protocols_at_odds(subject: Subject) -> Iterator[Fault]:
    """Services of one Deployment that say different things of one port.

    A sidecar listens once for a port of its pod, so one protocol wins, and the other Service does not work as written.

        # bad
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web-raw}
        spec: {selector: {app: web}, ports: [{name: tcp, port: 80}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "web:1"}]}
    """
    for workload, services in _shared(subject):
        said: dict[int, dict[str, list[Resource]]] = defaultdict(lambda: defaultdict(list))
        for service in services:
            for port in service.spec["ports"]:
                spoken = protocol_of(port) or port["protocol"].text.lower() or "tcp"
                said[port["port"].number or 0][spoken].append(service)
        for number, protocols in said.items():
            if len(protocols) > 1:
                names = _listed(service for each in protocols.values() for service in each)
                message = f"{names} say that port {number} speaks {' and '.join(sorted(protocols))}"
                yield workload.metadata["name"].fault(message, "keep one protocol", manifest=workload.manifest)


@bundle_rule("MSH387", "warning", aliases=("IST0137",))
def ports_at_odds(subject: Subject) -> Iterator[Fault]:
    """Services of one Deployment that reach one port of it by different numbers.

    A sidecar knows a port of its pod by one number of a Service, so policies and routes by the other do not work.

        # bad
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web-admin}
        spec: {selector: {app: web}, ports: [{name: http, port: 81, targetPort: 8080}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "web:1"}]}
    """
    for workload, services in _shared(subject):
        reached: dict[str, dict[int, Resource]] = defaultdict(dict)
        for service in services:
            for port in service.spec["ports"]:
                target = str(port["targetPort"].value or port["port"].value)
                reached[target][port["port"].number or 0] = service
        for target, numbers in reached.items():
            if len(numbers) > 1:
                shown = " and ".join(map(str, sorted(numbers)))
                message = f"{_listed(numbers.values())} reach its port {target} as {shown}"
                yield workload.metadata["name"].fault(message, "use one number", manifest=workload.manifest)
