"""Names, labels and annotations as the API server takes them."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.kubernetes.forms import LABEL, PORT_NAME, SUBDOMAIN, is_label_value, is_qualified
from meshctl.check.node import Node
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import object_rule, pod_rule
from meshctl.templating import dns_label

_LABEL_KINDS = {("", "Namespace"), ("", "Service"), ("apps", "StatefulSet")}
_FREE_KINDS = {
    ("policy", "PodDisruptionBudget"),
    ("networking.k8s.io", "IPAddress"),
    ("apiregistration.k8s.io", "APIService"),
}
_FREE_GROUPS = {"rbac.authorization.k8s.io"}  # whose names may be paths like system:node
_LONGEST = {("batch", "Job"): 63, ("batch", "CronJob"): 52}  # it is a label of pods; Jobs have eleven characters more
_LARGEST_ANNOTATIONS = 256 * 1024  # bytes of all keys and values together


@object_rule("MSH210", "error")
def object_name(resource: Resource) -> Iterator[Fault]:
    """A name that the API server does not take.

    Most names are DNS subdomains: lower case, digits, `-` and `.`, at most 253 characters. Those of Services,
    Namespaces and StatefulSets become host names and are DNS labels: without dots, at most 63. A Job's has at most 63
    characters too, a CronJob's 52.

        # bad
        apiVersion: v1
        kind: Service
        metadata: {name: Web_Server}
        spec: {ports: [{port: 80}]}
        # good
        apiVersion: v1
        kind: Service
        metadata: {name: web-server}
        spec: {ports: [{port: 80}]}
    """
    ref = resource.ref
    if ref.group in _FREE_GROUPS or ref.group_kind in _FREE_KINDS or not ref.name:
        return
    is_label = ref.group_kind in _LABEL_KINDS
    form, what = (LABEL, "a DNS label") if is_label else (SUBDOMAIN, "a DNS subdomain")
    name = resource.metadata["name"]
    if not form.fits(ref.name):
        advice = f"write {label}" if (label := dns_label(ref.name)) and label != ref.name else ""
        yield name.fault(f'the name of a {ref.kind} has to be {what}, not "{ref.name}"', advice)
    elif len(ref.name) > (most := _LONGEST.get(ref.group_kind, len(ref.name))):
        yield name.fault(f"the name of a {ref.kind} has at most {most} characters, this one {len(ref.name)}")


@object_rule("MSH211", "error", aliases=("invalid-label",))
def label_syntax(resource: Resource) -> Iterator[Fault]:
    """A label that the API server does not take.

    A key is a name of at most 63 letters, digits, `-`, `_` and `.`, which may follow a domain and a slash; a value is
    such a name, or empty. What is longer, or has spaces or slashes, belongs into an annotation.

        # bad
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, labels: {owner: "Team Blue"}}
        # good
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, labels: {owner: team-blue}}
    """
    yield from _labels(resource.metadata["labels"])
    if resource.pod and resource.pod.template.path:
        yield from _labels(resource.pod.template["metadata"]["labels"])
    selector = resource.spec["selector"]
    yield from _labels(selector if resource.ref.group_kind == ("", "Service") else selector["matchLabels"])


def _labels(node: Node) -> Iterator[Fault]:
    for key, value in node.children():
        if not is_qualified(key):
            yield value.fault(f'"{key}" is no key of a label', at_key=True)
        if value.text and not is_label_value(value.text):
            advice = "at most 63 letters, digits, -, _ and ., beginning and ending with a letter or digit"
            yield value.fault(f'label {key} cannot have the value "{value.text}"', advice)


@object_rule("MSH212", "error")
def annotation_keys(resource: Resource) -> Iterator[Fault]:
    """An annotation that the API server does not take.

    Its key is a name of at most 63 letters, digits, `-`, `_` and `.`, which may follow a domain and a slash. All of an
    object's together have at most 256 KiB.

        # bad
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, annotations: {"owner name": blue}}
        # good
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web, annotations: {example.com/owner: blue}}
    """
    nodes = [resource.metadata["annotations"]]
    if resource.pod and resource.pod.template.path:
        nodes.append(resource.pod.template["metadata"]["annotations"])
    for node in nodes:
        size = sum(len(key.encode()) + len(value.text.encode()) for key, value in node.children())
        if size > _LARGEST_ANNOTATIONS:
            yield node.fault(f"annotations of {size // 1024} KiB, and at most {_LARGEST_ANNOTATIONS // 1024} are taken")
        for key, value in node.children():
            if not is_qualified(key.lower()):
                yield value.fault(f'"{key}" is no key of an annotation', at_key=True)


@pod_rule("MSH218", "error")
def names_in_pods(pod: Pod) -> Iterator[Fault]:
    """A name inside of a pod that the API server does not take.

    Names of containers and volumes are DNS labels, at most 63 characters. A port's name has at most 15 lower-case
    letters, digits and single dashes.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web_server, image: "web:1", ports: [{name: http-administration, containerPort: 80}]}]
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web-server, image: "web:1", ports: [{name: http-admin, containerPort: 80}]}]
    """
    for node in (*pod.containers, *pod.spec["volumes"]):
        name = node["name"]
        if name.text and not LABEL.fits(name.text):
            yield name.fault(f'"{name.text}" is no DNS label', f"write {dns_label(name.text)}")
    for container in pod.containers:
        for port in container["ports"]:
            name = port["name"]
            if name.text and not PORT_NAME.fits(name.text):
                advice = "at most 15 lower-case letters, digits and single dashes"
                yield name.fault(f'"{name.text}" is no name of a port', advice)
