"""Pods as the mesh sees them."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.injection import is_in_mesh
from meshctl.check.node import Node
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import bundle_rule, pod_rule
from meshctl.check.subject import Subject

_PROXY = "istio-proxy"
_PROXY_USER = 1337
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
def revision_unnamed(subject: Subject) -> Iterator[Fault]:
    """One of several workloads behind a Service does not say which version it is.

    The label `version`, or app.kubernetes.io/version, names the revision in metrics and traces, which else mix them up;
    subsets need it, too. A workload that is alone behind its Services has nothing to be told from.

        # bad
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: old}
        spec:
          selector: {matchLabels: {app: web, track: old}}
          template:
            metadata: {labels: {app: web, track: old, version: v1}}
            spec: {containers: [{name: web, image: "web:1"}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: new}
        spec:
          selector: {matchLabels: {app: web, track: new}}
          template:
            metadata: {labels: {app: web, track: new}}
            spec: {containers: [{name: web, image: "web:1"}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
        # good
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: old}
        spec:
          selector: {matchLabels: {app: web, track: old}}
          template:
            metadata: {labels: {app: web, track: old, version: v1}}
            spec: {containers: [{name: web, image: "web:1"}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: new}
        spec:
          selector: {matchLabels: {app: web, track: new}}
          template:
            metadata: {labels: {app: web, track: new, version: v2}}
            spec: {containers: [{name: web, image: "web:1"}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
    """
    unnamed: dict[Pod, Resource] = {}
    for service, pods in subject.selected.items():
        lasting = [pod for pod in pods if pod.resource.ref.group == "apps" and is_in_mesh(subject, pod)]
        if len(lasting) > 1:
            unnamed |= {pod: service for pod in lasting if not set(_VERSION) & set(pod.labels)}
    for pod, service in unnamed.items():
        labels = pod.template["metadata"]["labels"]
        message = f"other workloads are behind {service} too, and without the label version nobody can tell them apart"
        yield labels.fault(message, "add version: v1", at_key=True, manifest=pod.resource.manifest)
