"""Which pods get a sidecar, and labels and namespaces that say it wrongly."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import ROOT_NAMESPACE
from meshctl.check.node import Node
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import bundle_rule, object_rule, pod_rule
from meshctl.check.subject import Subject
from meshctl.manifest import LABEL_INJECT

NAMESPACE_LABEL = "istio-injection"
REVISION = "istio.io/rev"
MODE = "istio.io/dataplane-mode"
INJECTOR = "istio-sidecar-injector"
_SYSTEM = frozenset({ROOT_NAMESPACE, "kube-system", "kube-public", "kube-node-lease", "local-path-storage"})


def is_system(namespace: str) -> bool:
    """Namespaces that are never in the mesh."""
    return namespace in _SYSTEM


def is_injected(labels: Mapping[str, Any]) -> bool:
    """Whether the labels of a namespace ask for sidecars."""
    if NAMESPACE_LABEL in labels:
        return bool(labels[NAMESPACE_LABEL] == "enabled")
    return REVISION in labels


def is_ambient(labels: Mapping[str, Any]) -> bool:
    return labels.get(MODE) == "ambient" and not is_injected(labels)


def wish(pod: Pod) -> str:
    """What a pod itself says of injection, "true", "false" or nothing; its label goes before its annotation."""
    said = pod.labels.get(LABEL_INJECT, pod.annotations.get(LABEL_INJECT, ""))
    return str(said).lower()


def is_in_mesh(subject: Subject, pod: Pod) -> bool:
    """Whether the pod will have a sidecar; a namespace that nobody here makes is taken for one with injection."""
    namespace = subject.namespace_of(pod.resource)
    if pod.spec["hostNetwork"].value is True or is_system(namespace) or wish(pod) == "false":
        return False
    made = subject.find("", "Namespace", subject.namespace, namespace)
    return made is None or is_injected(made.labels) or wish(pod) == "true"


@bundle_rule("MSH394", "info", aliases=("IST0102", "IST0148"))
def namespace_left_out(subject: Subject) -> Iterator[Fault]:
    """A namespace that says nothing of the mesh.

    Its pods get no sidecar, unless the injector is installed to give one to whoever says nothing. Label it
    istio-injection: enabled, or disabled to say that this is meant.

        # bad
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop}
        # good
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio-injection: enabled}}
    """
    is_default = _injects_by_default(subject)
    outcome = "and the injector gives its pods a sidecar" if is_default else "so its pods get no sidecar"
    for namespace in subject.kind("", "Namespace"):
        if not is_system(namespace.ref.name) and not {NAMESPACE_LABEL, REVISION, MODE} & set(namespace.labels):
            message = f"namespace {namespace.ref.name} says nothing of the mesh, {outcome}"
            advice = "label it istio-injection: enabled, or disabled"
            yield namespace.metadata["name"].fault(message, advice, manifest=namespace.manifest)


def _injects_by_default(subject: Subject) -> bool:
    """Whether an injector among the objects is configured for namespaces that say nothing."""
    config = subject.find("", "ConfigMap", ROOT_NAMESPACE, INJECTOR)
    values: Any = None
    with suppress(ValueError):
        values = json.loads(config.root["data"]["values"].text) if config else None
    return Node(values).at("sidecarInjectorWebhook", "enableNamespacesByDefault").value is True


@object_rule("MSH395", "warning", "Namespace", aliases=("IST0123",))
def namespace_of_two_minds(namespace: Resource) -> Iterator[Fault]:
    """A namespace with several labels for the mesh.

    Of istio-injection, istio.io/rev and istio.io/dataplane-mode only one counts, and it is seldom the one that was
    added last: istio-injection goes before the revision.

        # bad
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio-injection: enabled, istio.io/rev: canary}}
        # good
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio.io/rev: canary}}
    """
    given = [label for label in (NAMESPACE_LABEL, REVISION, MODE) if label in namespace.labels]
    if len(given) > 1:
        place = namespace.metadata["labels"][given[1]]
        yield place.fault(f"{' and '.join(given)} exclude each other", "keep one", at_key=True)


@pod_rule("MSH396", "warning")
def injection_unheard(pod: Pod) -> Iterator[Fault]:
    """A wish about the sidecar that nobody hears.

    It is a label of the pod template, "true" or "false". An annotation can only say "false"; a label of the Deployment
    itself is not looked at, and a pod on the host's network never gets a sidecar.

        # bad
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web, labels: {sidecar.istio.io/inject: "false"}}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web, sidecar.istio.io/inject: "false"}}
            spec: {containers: [{name: web, image: "web:1"}]}
    """
    resource, template = pod.resource, pod.template["metadata"]
    label, annotation = template["labels"][LABEL_INJECT], template["annotations"][LABEL_INJECT]
    advice = f'label the pod template {LABEL_INJECT}: "…"'
    if resource.ref.kind != "Pod" and LABEL_INJECT in {**resource.labels, **resource.annotations} and not label:
        holder = resource.metadata["labels" if LABEL_INJECT in resource.labels else "annotations"]
        yield holder[LABEL_INJECT].fault(f"nobody looks at {LABEL_INJECT} here", advice, at_key=True)
    if label and str(label.value).lower() not in ("true", "false"):
        yield label.fault(f'"{label.value}" is neither "true" nor "false"')
    if annotation and str(annotation.value).lower() == "true" and not label:
        yield annotation.fault("as an annotation this has no effect", advice, at_key=True)
    if pod.spec["hostNetwork"].value is True and wish(pod) == "true":
        yield (label or annotation).fault("a pod on the network of its host gets no sidecar", at_key=True)


@bundle_rule("MSH397", "warning", aliases=("IST0146", "IST0147"))
def image_left_to_injection(subject: Subject) -> Iterator[Fault]:
    """A container with the image auto, in a pod that nobody injects.

    The webhook puts Istio's image there. If it does not see the pod, Kubernetes looks for an image of that name.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: edge, labels: {app: edge}, annotations: {inject.istio.io/templates: gateway}}
        spec: {containers: [{name: istio-proxy, image: auto}]}
        # good
        apiVersion: v1
        kind: Pod
        metadata:
          name: edge
          labels: {app: edge, sidecar.istio.io/inject: "true"}
          annotations: {inject.istio.io/templates: gateway}
        spec: {containers: [{name: istio-proxy, image: auto}]}
    """
    for pod in subject.pods:
        made = subject.find("", "Namespace", subject.namespace, subject.namespace_of(pod.resource))
        asked = pod.labels.get(LABEL_INJECT) == "true" or bool(made and is_injected(made.labels))
        for container in pod.containers:
            if container["image"].text == "auto" and (not asked or wish(pod) == "false"):
                message = "the image auto is for Istio to replace, and nothing here has this pod injected"
                advice = f'label the pod template {LABEL_INJECT}: "true"'
                yield container["image"].fault(message, advice, manifest=pod.resource.manifest)
