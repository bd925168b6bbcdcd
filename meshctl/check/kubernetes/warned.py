"""What the API server takes with a warning: what has no effect any more, or another one than is meant."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.kubernetes.quantities import is_fraction
from meshctl.check.node import Node
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import object_rule, pod_rule

_SECCOMP = "securityContext.seccompProfile"
_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": "priorityClassName",
    "security.alpha.kubernetes.io/sysctls": "securityContext.sysctls",
    "security.alpha.kubernetes.io/unsafe-sysctls": "securityContext.sysctls",
    "seccomp.security.alpha.kubernetes.io/pod": _SECCOMP,
}
_OF_CONTAINERS = {
    "container.seccomp.security.alpha.kubernetes.io/": _SECCOMP,
    "container.apparmor.security.beta.kubernetes.io/": "securityContext.appArmorProfile",
}
_NODE_LABELS = {
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "node-role.kubernetes.io/master": "node-role.kubernetes.io/control-plane",
}
_VOLUMES = {
    "photonPersistentDisk": "1.16",
    "scaleIO": "1.22",
    "flocker": "1.25",
    "quobyte": "1.25",
    "storageos": "1.25",
    "glusterfs": "1.26",
    "cephfs": "1.31",
    "rbd": "1.31",
    "gitRepo": "1.33",
}
_IN_BYTES = ("memory", "ephemeral-storage")


@pod_rule("MSH289", "warning")
def unread_annotation(pod: Pod) -> Iterator[Fault]:
    """An annotation of pods that Kubernetes has made a field of.

    Most have no effect any more: a pod that asked for a profile of seccomp runs without one.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web, annotations: {seccomp.security.alpha.kubernetes.io/pod: runtime/default}}
        spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {securityContext: {seccompProfile: {type: RuntimeDefault}}, containers: [{name: web, image: "web:1"}]}
    """
    for name, node in pod.template["metadata"]["annotations"].children():
        prefix, slash, _ = name.partition("/")
        field = _ANNOTATIONS.get(name) or _OF_CONTAINERS.get(prefix + slash)
        if field:
            yield node.fault(f"the annotation {name} has become a field", f"write {field}", at_key=True)


@pod_rule("MSH290", "warning")
def old_node_label(pod: Pod) -> Iterator[Fault]:
    """A label of nodes that has another name now.

    Newer nodes may not have the old one, and a pod that asks for it waits for ever.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {nodeSelector: {beta.kubernetes.io/os: linux}, containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {nodeSelector: {kubernetes.io/os: linux}, containers: [{name: web, image: "web:1"}]}
    """
    for name, node in pod.spec["nodeSelector"].children():
        if name in _NODE_LABELS:
            yield node.fault(f"nodes have {name} under another name", f"write {_NODE_LABELS[name]}", at_key=True)
    for node in (*_node_keys(pod), *_topologies(pod)):
        if node.text in _NODE_LABELS:
            yield node.fault(f"nodes have {node.text} under another name", f"write {_NODE_LABELS[node.text]}")


def _node_keys(pod: Pod) -> Iterator[Node]:
    affinity = pod.spec["affinity"]["nodeAffinity"]
    required = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    preferred = affinity["preferredDuringSchedulingIgnoredDuringExecution"]
    for term in (*required, *(each["preference"] for each in preferred)):
        for expression in term["matchExpressions"]:
            yield expression["key"]


def _topologies(pod: Pod) -> Iterator[Node]:
    yield from (each["topologyKey"] for each in (*pod.spec["topologySpreadConstraints"], *_pod_terms(pod)))


def _pod_terms(pod: Pod) -> Iterator[Node]:
    for kind in ("podAffinity", "podAntiAffinity"):
        affinity = pod.spec["affinity"][kind]
        yield from affinity["requiredDuringSchedulingIgnoredDuringExecution"]
        for preferred in affinity["preferredDuringSchedulingIgnoredDuringExecution"]:
            yield preferred["podAffinityTerm"]


@pod_rule("MSH291", "warning")
def dead_volume(pod: Pod) -> Iterator[Fault]:
    """A kind of volume that Kubernetes mounts no more.

    The API server takes it, and the pod waits for ever. What stored it has a CSI driver, for a PersistentVolumeClaim.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web, image: "web:1", volumeMounts: [{name: data, mountPath: /data}]}]
          volumes: [{name: data, glusterfs: {endpoints: store, path: web}}]
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web, image: "web:1", volumeMounts: [{name: data, mountPath: /data}]}]
          volumes: [{name: data, persistentVolumeClaim: {claimName: web}}]
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: web}
        spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
    """
    for volume in pod.spec["volumes"]:
        for kind, node in volume.children():
            if kind in _VOLUMES:
                advice = "an init container can clone" if kind == "gitRepo" else "claim a volume of its CSI driver"
                yield node.fault(f"no {kind} is mounted since Kubernetes {_VOLUMES[kind]}", advice, at_key=True)


@pod_rule("MSH292", "warning")
def selects_no_pods(pod: Pod) -> Iterator[Fault]:
    """An affinity to pods, or a spread of them, that says of no pods which.

    Without a labelSelector none are meant, so it does nothing.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec:
          containers: [{name: web, image: "web:1"}]
          topologySpreadConstraints:
          - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec:
          containers: [{name: web, image: "web:1"}]
          topologySpreadConstraints:
          - maxSkew: 1
            topologyKey: kubernetes.io/hostname
            whenUnsatisfiable: DoNotSchedule
            labelSelector: {matchLabels: {app: web}}
    """
    for each in (*pod.spec["topologySpreadConstraints"], *_pod_terms(pod)):
        if each and not each["labelSelector"]:
            yield each.fault("it has no labelSelector, so it is about no pods", "name the labels of the pods")


@pod_rule("MSH293", "warning")
def parts_of_bytes(pod: Pod) -> Iterator[Fault]:
    """A quantity of memory or storage with a part of a byte.

    `m` is a thousandth, so `128m` is an eighth of a byte; `128M` or `128Mi` is what is meant. A pod with that limit is
    killed at once.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1", resources: {requests: {memory: 128m}}}]}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1", resources: {requests: {memory: 128Mi}}}]}
    """
    for holder in (pod.spec, *pod.containers):
        yield from _parts_of_bytes(holder["resources"])


def _parts_of_bytes(resources: Node) -> Iterator[Fault]:
    for kind in ("requests", "limits"):
        for name in _IN_BYTES:
            node = resources[kind][name]
            if is_fraction(node.value):
                advice = f"{node.text[:-1]}Mi, most likely" if node.text.endswith("m") else ""
                yield node.fault(f"{node.value} is not a whole number of bytes", advice)


@object_rule("MSH294", "warning", "Service")
def ignored_by_type(service: Resource) -> Iterator[Fault]:
    """A field of a Service that its type ignores.

        # bad
        apiVersion: v1
        kind: Service
        metadata: {name: db}
        spec: {clusterIP: None, selector: {app: db}, sessionAffinity: ClientIP, ports: [{name: tcp, port: 5432}]}
        # good
        apiVersion: v1
        kind: Service
        metadata: {name: db}
        spec: {clusterIP: None, selector: {app: db}, ports: [{name: tcp, port: 5432}]}

    A headless Service has no address of its own to bind clients or external addresses to, an `ExternalName` is nothing
    but a name, and only that has one.
    """
    spec = service.spec
    kind = spec["type"].text or "ClusterIP"
    if kind == "ClusterIP" and spec["clusterIP"].text == "None":
        ignored, whose = ["loadBalancerIP", "externalIPs"], "a headless Service"
        if spec["sessionAffinity"].text == "ClientIP":
            ignored.append("sessionAffinity")
    else:
        ignored = ["externalIPs"] if kind == "ExternalName" else ["externalName"]
        whose = f"a Service of type {kind}"
    for field in ignored:
        if spec[field].value:
            yield spec[field].fault(f"{field} is ignored for {whose}", "take it out", at_key=True)


@object_rule("MSH295", "warning", "Ingress.networking.k8s.io")
def class_by_annotation(ingress: Resource) -> Iterator[Fault]:
    """An Ingress that names its class in an annotation.

    The field ingressClassName has taken its place: a controller may read that alone.

        # bad
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: web, annotations: {kubernetes.io/ingress.class: nginx}}
        spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
        # good
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: web}
        spec: {ingressClassName: nginx, defaultBackend: {service: {name: web, port: {number: 80}}}}
    """
    node = ingress.root["metadata"]["annotations"]["kubernetes.io/ingress.class"]
    if node:
        message = "the annotation kubernetes.io/ingress.class has become a field"
        yield node.fault(message, "write spec.ingressClassName", at_key=True)
