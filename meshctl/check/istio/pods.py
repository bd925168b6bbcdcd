"""Pods as the mesh sees them."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.injection import is_in_mesh
from meshctl.check.node import Node
from meshctl.check.resource import Pod
from meshctl.check.rules import bundle_rule, pod_rule
from meshctl.check.subject import Subject

_PROXY = "istio-proxy"
_PROXY_USER = 1337
_APP = ("app", "app.kubernetes.io/name", "service.istio.io/canonical-name")
_VERSION = ("version", "app.kubernetes.io/version", "service.istio.io/canonical-revision")


@pod_rule("MSH388", "warning", aliases=("IST0144",))
def runs_as_the_proxy(pod: Pod) -> Iterator[Fault]:
    """A pod that runs as user 1337, which is the sidecar's.

    What that user sends is not redirected to the sidecar, so the pod talks past the mesh.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {securityContext: {runAsUser: 1337}, containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {securityContext: {runAsUser: 1000}, containers: [{name: web, image: "web:1"}]}
    """
    containers = [each for each in pod.containers if each["name"].text != _PROXY]
    holders: list[Node] = [pod.spec, *containers]
    for holder in holders:
        user = holder["securityContext"]["runAsUser"]
        if user.number == _PROXY_USER:
            yield user.fault("user 1337 is the sidecar's: what it sends does not go through the mesh", "take another")


@bundle_rule("MSH389", "info")
def workload_unnamed(subject: Subject) -> Iterator[Fault]:
    """A pod of the mesh without the labels by which telemetry names it.

    `app` and `version` (or app.kubernetes.io/name and app.kubernetes.io/version) name the service and its revision in
    metrics and traces; subsets need a version, too.

        # bad
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "web:1"}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
        # good
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web, version: v1}}
            spec: {containers: [{name: web, image: "web:1"}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
    """
    served = {pod: None for pods in subject.selected.values() for pod in pods}
    for pod in served:
        missing = [names[0] for names in (_APP, _VERSION) if not set(names) & set(pod.labels)]
        if missing and pod.resource.ref.kind != "Pod" and is_in_mesh(subject, pod):
            labels = pod.template["metadata"]["labels"]
            message = f"without the label {' and '.join(missing)} telemetry cannot tell this workload's revisions"
            yield labels.fault(message, at_key=True, manifest=pod.resource.manifest)
