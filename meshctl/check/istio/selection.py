"""Which pods policies select: none, or some that another policy of the kind selects too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from meshctl.check.finding import Fault, Severity
from meshctl.check.istio.kinds import EXTENSIONS, GATEWAY_API, NETWORKING, ROOT_NAMESPACE, SECURITY, TELEMETRY
from meshctl.check.istio.values import texts
from meshctl.check.node import Node
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject

# Kinds with a selector, and whether Istio itself calls one that selects nothing an error.
_SELECTING: Mapping[tuple[str, str], Severity] = {
    (NETWORKING, "Sidecar"): "error",
    (TELEMETRY, "Telemetry"): "error",
    (NETWORKING, "EnvoyFilter"): "warning",
    (NETWORKING, "ProxyConfig"): "warning",
    (SECURITY, "PeerAuthentication"): "warning",
    (SECURITY, "RequestAuthentication"): "warning",
    (EXTENSIONS, "WasmPlugin"): "warning",
}
WITH_TARGETS = (
    (SECURITY, "AuthorizationPolicy"),
    (SECURITY, "RequestAuthentication"),
    (TELEMETRY, "Telemetry"),
    (EXTENSIONS, "WasmPlugin"),
)
"""Kinds with `targetRefs`."""
_ONE_FOR_A_POD = ((NETWORKING, "Sidecar"), (TELEMETRY, "Telemetry"), (SECURITY, "PeerAuthentication"))
_ALWAYS_THERE = frozenset({"default", "kube-system", "kube-public", ROOT_NAMESPACE})


def selector(policy: Resource) -> Node:
    """The labels that a policy selects by; an absent node where it selects by none."""
    for field, labels in (("selector", "matchLabels"), ("workloadSelector", "labels")):
        if policy.spec[field][labels].value:
            return policy.spec[field][labels]
    return policy.spec["selector"]["matchLabels"]


def has_targets(policy: Resource) -> bool:
    return bool(policy.spec["targetRefs"].value or policy.spec["targetRef"])


def selected(subject: Subject, labels: Mapping[str, Any], namespace: str) -> list[Pod]:
    """The pods that a policy of a namespace is for; one of the root namespace is for all namespaces."""
    return subject.pods_anywhere(labels) if namespace == ROOT_NAMESPACE else subject.pods_with(labels, namespace)


def shown(labels: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items())


@bundle_rule("MSH362", "error", aliases=("IST0101", "KIA0004"))
def selects_nothing(subject: Subject) -> Iterator[Fault]:
    """A policy that no pod has the labels for.

    It selects by labels of pods, in its own namespace.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: web}
        spec: {workloadSelector: {labels: {app: wbe}}, egress: [{hosts: [./*]}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: web}
        spec: {workloadSelector: {labels: {app: web}}, egress: [{hosts: [./*]}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1"}]}
    """
    known = subject.namespaces_with_pods
    for (group, kind), severity in _SELECTING.items():
        for policy in subject.kind(group, kind):
            labels, namespace = selector(policy), subject.namespace_of(policy)
            if labels.mapping and namespace in known and not selected(subject, labels.mapping, namespace):
                message = f"no pod has {shown(labels.mapping)}, so this {kind} is for nothing"
                yield labels.fault(message, severity=severity, manifest=policy.manifest)


@bundle_rule("MSH363", "warning", aliases=("IST0127",))
def protects_nothing(subject: Subject) -> Iterator[Fault]:
    """An AuthorizationPolicy that protects no pod.

    There is no pod in its namespace, or none with the labels of its selector.

        # bad
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: closed}
        spec: {selector: {matchLabels: {app: wbe}}, action: DENY, rules: [{}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: closed}
        spec: {selector: {matchLabels: {app: web}}, action: DENY, rules: [{}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1"}]}
    """
    for policy in subject.kind(SECURITY, "AuthorizationPolicy") if subject.pods else ():
        labels, namespace = selector(policy), subject.namespace_of(policy)
        for_all = namespace == ROOT_NAMESPACE and not labels.mapping
        is_foreign = namespace == ROOT_NAMESPACE and namespace not in subject.namespaces_with_pods  # like the gateways'
        if for_all or is_foreign or has_targets(policy) or selected(subject, labels.mapping, namespace):
            continue
        message = f"no pod has {shown(labels.mapping)}" if labels.mapping else f"there is no pod in {namespace}"
        yield (labels or policy.root).fault(f"{message}, so it protects nothing", manifest=policy.manifest)


@bundle_rule("MSH364", "warning", aliases=("IST0101", "KIA0005", "KIA0101", "KIA1601"))
def unknown_namespace(subject: Subject) -> Iterator[Fault]:
    """An AuthorizationPolicy, a ReferenceGrant or an exportTo that names a namespace which nobody makes.

    Looked for only where the objects at hand make namespaces themselves.

        # bad
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: shop, namespace: shop}
        spec: {rules: [{from: [{source: {namespaces: [shpo]}}]}]}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio-injection: enabled}}
        # good
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: shop, namespace: shop}
        spec: {rules: [{from: [{source: {namespaces: [shop]}}]}]}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio-injection: enabled}}
    """
    made = {namespace.ref.name for namespace in subject.kind("", "Namespace")}
    known = made | {subject.namespace_of(resource) for resource in subject.resources} | _ALWAYS_THERE
    is_meant = cache(lambda pattern: any(_is_meant(pattern, name) for name in known))
    for resource, node, pattern in _named_namespaces(subject) if made else ():
        if pattern not in known and not ("*" in pattern and is_meant(pattern)):
            yield node.fault(f"there is no namespace {pattern}", manifest=resource.manifest)


def _named_namespaces(subject: Subject) -> Iterator[tuple[Resource, Node, str]]:
    for policy in subject.kind(SECURITY, "AuthorizationPolicy"):
        yield from ((policy, *named) for named in _of_sources(policy))
    for kind in ("VirtualService", "DestinationRule", "ServiceEntry"):
        for exported in subject.kind(NETWORKING, kind):
            named = texts(exported.spec["exportTo"])
            yield from ((exported, node, name) for node, name in named if name not in (".", "*", "~"))
    for grant in subject.kind(GATEWAY_API, "ReferenceGrant"):
        origins = (origin["namespace"] for origin in grant.spec["from"])
        yield from ((grant, node, node.text) for node in origins if node.text)


def _of_sources(policy: Resource) -> Iterator[tuple[Node, str]]:
    for rule in policy.spec["rules"]:
        for origin in rule["from"]:
            for field in ("namespaces", "notNamespaces"):
                yield from texts(origin["source"][field])


def _is_meant(pattern: str, name: str) -> bool:
    if pattern.startswith("*"):
        return name.endswith(pattern[1:])
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


@bundle_rule("MSH372", "error", aliases=("IST0110", "IST0159", "KIA0003"))
def selected_twice(subject: Subject) -> Iterator[Fault]:
    """Two Sidecars, Telemetries or PeerAuthentications that select one pod.

    Istio takes one of them, the oldest, and nothing of the other.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: web}
        spec: {workloadSelector: {labels: {app: web}}, egress: [{hosts: [./*]}]}
        ---
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: shop}
        spec: {workloadSelector: {labels: {part-of: shop}}, egress: [{hosts: [./*]}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web, part-of: shop}}
        spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: web}
        spec: {workloadSelector: {labels: {app: web}}, egress: [{hosts: [./*]}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web, part-of: shop}}
        spec: {containers: [{name: web, image: "web:1"}]}
    """
    for group, kind in _ONE_FOR_A_POD:
        by_pod: dict[Pod, list[Resource]] = defaultdict(list)
        for policy in subject.kind(group, kind):
            labels = {} if has_targets(policy) else selector(policy).mapping
            for pod in subject.pods_with(labels, subject.namespace_of(policy)) if labels else ():
                by_pod[pod].append(policy)
        told: set[Resource] = set()
        for pod, policies in by_pod.items():
            for policy in policies if len(policies) > 1 else ():
                if policy not in told:
                    told.add(policy)
                    others = _others(policy, policies)
                    message = f"the pod of {pod.resource} is selected by {others} too"
                    yield selector(policy).fault(message, "keep one for each pod", manifest=policy.manifest)


@bundle_rule("MSH373", "error", aliases=("IST0111", "IST0160", "KIA0002"))
def two_for_all(subject: Subject) -> Iterator[Fault]:
    """Two Sidecars, Telemetries or PeerAuthentications for a whole namespace.

    One without a selector is for all pods of its namespace; of two, Istio takes the oldest.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: default}
        spec: {egress: [{hosts: [./*]}]}
        ---
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: shared}
        spec: {egress: [{hosts: [./*, shared/*]}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: default}
        spec: {egress: [{hosts: [./*, shared/*]}]}
    """
    for group, kind in _ONE_FOR_A_POD:
        by_namespace: dict[str, list[Resource]] = defaultdict(list)
        for policy in subject.kind(group, kind):
            if not selector(policy).mapping and not has_targets(policy):
                by_namespace[subject.namespace_of(policy)].append(policy)
        for namespace, policies in by_namespace.items():
            for policy in policies if len(policies) > 1 else ():
                others = _others(policy, policies)
                message = f"it is for the whole namespace {namespace}, as {others}"
                yield policy.root.fault(message, "keep one, or add a selector", manifest=policy.manifest)


def _others(policy: Resource, policies: list[Resource]) -> str:
    """The first of the others; the rest have findings of their own."""
    more = f" and {len(policies) - 2} more" if len(policies) > 2 else ""
    return f"{policies[1] if policies[0] is policy else policies[0]}{more}"
