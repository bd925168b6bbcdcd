"""Containers: their ports, probes, variables, mounts and resources."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from meshctl.check.finding import Fault
from meshctl.check.kubernetes.ports import port_faults
from meshctl.check.kubernetes.quantities import quantity
from meshctl.check.node import Node
from meshctl.check.resource import Pod
from meshctl.check.rules import pod_rule
from meshctl.errors import did_you_mean

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")


@pod_rule("MSH244", "error")
def unknown_volume(pod: Pod) -> Iterator[Fault]:
    """A container mounts a volume that the pod does not have.

    The API server refuses the pod.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web, image: "web:1", volumeMounts: [{name: conf, mountPath: /etc/web}]}]
          volumes: [{name: config, configMap: {name: kube-root-ca.crt}}]
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web, image: "web:1", volumeMounts: [{name: config, mountPath: /etc/web}]}]
          volumes: [{name: config, configMap: {name: kube-root-ca.crt}}]
    """
    known = _volumes(pod)
    for container in pod.containers:
        for mount in chain(container["volumeMounts"], container["volumeDevices"]):
            name = mount["name"]
            if name.text and name.text not in known:
                message = f"container {container['name'].text} mounts volume {name.text}, which the pod does not have"
                yield name.fault(message, did_you_mean(name.text, known) or "add it to volumes")


@pod_rule("MSH245", "info")
def unused_volume(pod: Pod) -> Iterator[Fault]:
    """A volume that no container mounts.

    The pod waits for it all the same: a ConfigMap that is missing holds the pod up, though nobody reads it.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web, image: "web:1"}]
          volumes: [{name: cache, emptyDir: {}}]
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web, image: "web:1", volumeMounts: [{name: cache, mountPath: /cache}]}]
          volumes: [{name: cache, emptyDir: {}}]
    """
    ephemeral = pod.spec["ephemeralContainers"]
    mounted = {
        mount["name"].text
        for container in chain(pod.containers, ephemeral)
        for mount in chain(container["volumeMounts"], container["volumeDevices"])
    }
    for volume in pod.spec["volumes"]:
        name = volume["name"]
        if name.text and name.text not in mounted and not _is_of_injected_sidecar(pod, name.text):
            yield name.fault(f"no container mounts volume {name.text}", "mount it, or take it out")


def _is_of_injected_sidecar(pod: Pod, volume: str) -> bool:
    """Istio's injection adds a container that may mount volumes named here."""
    return any(volume in str(value) for key, value in pod.annotations.items() if "istio.io/" in key)


def _volumes(pod: Pod) -> set[str]:
    names = {volume["name"].text for volume in pod.spec["volumes"]}
    claims = pod.resource.spec["volumeClaimTemplates"]
    return names | {claim["metadata"]["name"].text for claim in claims}


@pod_rule("MSH246", "error")
def volume_sources(pod: Pod) -> Iterator[Fault]:
    """A volume with two sources.

    A volume is one thing: a ConfigMap, a claim, an empty folder. The API server refuses two; `projected` joins several.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web, image: "web:1", volumeMounts: [{name: a, mountPath: /a}]}]
          volumes: [{name: a, emptyDir: {}, hostPath: {path: /a}}]
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web, image: "web:1", volumeMounts: [{name: a, mountPath: /a}]}]
          volumes: [{name: a, emptyDir: {}}]
    """
    for volume in pod.spec["volumes"]:
        sources = [key for key, value in volume.children() if key != "name" and value]
        if len(sources) > 1:
            yield volume.fault(f"volume {volume['name'].text} has {len(sources)} sources: {', '.join(sources)}")


@pod_rule("MSH247", "error")
def container_names(pod: Pod) -> Iterator[Fault]:
    """Two containers of one pod have one name.

    Init containers count too. The API server refuses the pod.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          initContainers: [{name: web, image: "init:1"}]
          containers: [{name: web, image: "web:1"}]
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          initContainers: [{name: migrate, image: "init:1"}]
          containers: [{name: web, image: "web:1"}]
    """
    usual = {container["name"].text for container in pod.spec["containers"]}
    for container in pod.spec["initContainers"]:
        name = container["name"]
        if name.text and name.text in usual:
            yield name.fault(f"an init container and a container are both called {name.text}", "rename one of them")


@pod_rule("MSH248", "error")
def port_numbers(pod: Pod) -> Iterator[Fault]:
    """A number that is no port, or a host port beside another number on the host's network.

    Ports are from 1 to 65535. With `hostNetwork` a container's port is the host's.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1", ports: [{containerPort: 80800}]}]}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1", ports: [{containerPort: 8080}]}]}
    """
    on_host = pod.spec["hostNetwork"].value is True
    for container in pod.containers:
        for port in container["ports"]:
            yield from port_faults(port["containerPort"])
            yield from port_faults(port["hostPort"], least=0)
            host, inside = port["hostPort"], port["containerPort"]
            if on_host and host and host.value != inside.value:
                yield host.fault("with hostNetwork, hostPort has to be the same as containerPort", "leave hostPort out")


@pod_rule("MSH250", "error", aliases=("liveness-port", "readiness-port", "startup-port"))
def probe_port(pod: Pod) -> Iterator[Fault]:
    """A probe asks a port that its container does not have.

    A name has to be that of one of the container's own ports, or the probe fails for ever. A number need not be listed,
    so one that is not among the listed ones is only a note.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - name: web
            image: web:1
            ports: [{name: http, containerPort: 8080}]
            readinessProbe: {httpGet: {path: /ready, port: https}}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - name: web
            image: web:1
            ports: [{name: http, containerPort: 8080}]
            readinessProbe: {httpGet: {path: /ready, port: http}}
    """
    for container in pod.containers:
        names = [port["name"].text for port in container["ports"] if port["name"].text]
        numbers = {port["containerPort"].number for port in container["ports"]} - {None}
        for probe, node in _probed_ports(container):
            if node.text and node.text not in names and not node.text.isdecimal():
                message = f"the {probe} asks port {node.text}, which container {container['name'].text} does not have"
                yield node.fault(message, did_you_mean(node.text, names) or "name the port of the container")
            elif node.number is not None and numbers and node.number not in numbers:
                listed = ", ".join(str(number) for number in sorted(filter(None, numbers)))
                message = f"the {probe} asks port {node.number}, and container {container['name'].text} lists {listed}"
                yield node.fault(message, "list it too, if it is meant", severity="info")


def _probed_ports(container: Node) -> Iterator[tuple[str, Node]]:
    for probe in _PROBES:
        for handler in ("httpGet", "tcpSocket"):
            yield probe, container[probe][handler]["port"]


@pod_rule("MSH251", "error")
def requests_above_limits(pod: Pod) -> Iterator[Fault]:
    """A container asks for more than its own limit.

    The API server refuses it.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - {name: web, image: "web:1", resources: {requests: {memory: 1Gi}, limits: {memory: 512Mi}}}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - {name: web, image: "web:1", resources: {requests: {memory: 512Mi}, limits: {memory: 1Gi}}}
    """
    for container in pod.containers:
        limits = container["resources"]["limits"]
        for name, wanted in container["resources"]["requests"].children():
            request, limit = quantity(wanted.value), quantity(limits[name].value)
            if request is not None and limit is not None and request > limit:
                message = f"container {container['name'].text} requests {wanted.value} of {name}"
                yield wanted.fault(f"{message}, more than its limit of {limits[name].value}", "raise the limit")


@pod_rule("MSH252", "error")
def variables(pod: Pod) -> Iterator[Fault]:
    """An environment variable that cannot be.

    It has a `value` or a `valueFrom` with one source, not both, and its name has no `=`.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - name: web
            image: web:1
            env: [{name: NODE, value: a, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - name: web
            image: web:1
            env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
    """
    for container in pod.containers:
        for variable in container["env"]:
            name, origin = variable["name"], variable["valueFrom"]
            if "=" in name.text or name.value == "":
                yield name.fault(f'"{name.text}" is no name of a variable')
            if variable["value"].text and origin:
                yield variable["value"].fault(f"variable {name.text} has a value and a valueFrom", "keep one of them")
            elif len(origin.mapping) > 1:
                yield origin.fault(f"variable {name.text} has {len(origin.mapping)} sources", "keep one of them")


@pod_rule("MSH253", "error")
def probe_handlers(pod: Pod) -> Iterator[Fault]:
    """A probe that does not say how to ask, or says it twice.

    It has one of `httpGet`, `tcpSocket`, `exec` and `grpc`.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1", livenessProbe: {periodSeconds: 5}}]}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1", livenessProbe: {periodSeconds: 5, tcpSocket: {port: 80}}}]}
    """
    for container in pod.containers:
        for probe in _PROBES:
            node = container[probe]
            handlers = [handler for handler in _HANDLERS if node[handler]]
            if node.value.__class__ is dict and len(handlers) != 1:
                what = f"has {' and '.join(handlers)}" if handlers else f"has none of {', '.join(_HANDLERS)}"
                yield node.fault(f"the {probe} of container {container['name'].text} {what}", "give it one")
