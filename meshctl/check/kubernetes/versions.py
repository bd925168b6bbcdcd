"""API versions and kinds that a server has no longer, or never had."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from meshctl.check.finding import Fault
from meshctl.check.kubernetes.schema import kinds, version
from meshctl.check.resource import Resource
from meshctl.check.rules import object_rule
from meshctl.errors import did_you_mean

_UNSTABLE = re.compile(r"v\d+(alpha|beta)\d+")


class Removal(NamedTuple):
    """Since which Kubernetes it is gone, and what serves its objects now; empty where nothing does."""

    since: str
    instead: str


_REMOVED = """
    extensions/v1beta1 DaemonSet 1.16 apps/v1
    extensions/v1beta1 Deployment 1.16 apps/v1
    extensions/v1beta1 ReplicaSet 1.16 apps/v1
    extensions/v1beta1 NetworkPolicy 1.16 networking.k8s.io/v1
    extensions/v1beta1 PodSecurityPolicy 1.16
    extensions/v1beta1 Ingress 1.22 networking.k8s.io/v1
    apps/v1beta1 Deployment 1.16 apps/v1
    apps/v1beta1 StatefulSet 1.16 apps/v1
    apps/v1beta1 ControllerRevision 1.16 apps/v1
    apps/v1beta2 DaemonSet 1.16 apps/v1
    apps/v1beta2 Deployment 1.16 apps/v1
    apps/v1beta2 ReplicaSet 1.16 apps/v1
    apps/v1beta2 StatefulSet 1.16 apps/v1
    apps/v1beta2 ControllerRevision 1.16 apps/v1
    networking.k8s.io/v1beta1 Ingress 1.22 networking.k8s.io/v1
    networking.k8s.io/v1beta1 IngressClass 1.22 networking.k8s.io/v1
    rbac.authorization.k8s.io/v1alpha1 ClusterRole 1.22 rbac.authorization.k8s.io/v1
    rbac.authorization.k8s.io/v1alpha1 ClusterRoleBinding 1.22 rbac.authorization.k8s.io/v1
    rbac.authorization.k8s.io/v1alpha1 Role 1.22 rbac.authorization.k8s.io/v1
    rbac.authorization.k8s.io/v1alpha1 RoleBinding 1.22 rbac.authorization.k8s.io/v1
    rbac.authorization.k8s.io/v1beta1 ClusterRole 1.22 rbac.authorization.k8s.io/v1
    rbac.authorization.k8s.io/v1beta1 ClusterRoleBinding 1.22 rbac.authorization.k8s.io/v1
    rbac.authorization.k8s.io/v1beta1 Role 1.22 rbac.authorization.k8s.io/v1
    rbac.authorization.k8s.io/v1beta1 RoleBinding 1.22 rbac.authorization.k8s.io/v1
    apiextensions.k8s.io/v1beta1 CustomResourceDefinition 1.22 apiextensions.k8s.io/v1
    apiregistration.k8s.io/v1beta1 APIService 1.22 apiregistration.k8s.io/v1
    admissionregistration.k8s.io/v1beta1 MutatingWebhookConfiguration 1.22 admissionregistration.k8s.io/v1
    admissionregistration.k8s.io/v1beta1 ValidatingWebhookConfiguration 1.22 admissionregistration.k8s.io/v1
    settings.k8s.io/v1alpha1 PodPreset 1.20
    authentication.k8s.io/v1beta1 TokenReview 1.22 authentication.k8s.io/v1
    authorization.k8s.io/v1beta1 LocalSubjectAccessReview 1.22 authorization.k8s.io/v1
    authorization.k8s.io/v1beta1 SelfSubjectAccessReview 1.22 authorization.k8s.io/v1
    authorization.k8s.io/v1beta1 SelfSubjectRulesReview 1.22 authorization.k8s.io/v1
    authorization.k8s.io/v1beta1 SubjectAccessReview 1.22 authorization.k8s.io/v1
    certificates.k8s.io/v1beta1 CertificateSigningRequest 1.22 certificates.k8s.io/v1
    coordination.k8s.io/v1beta1 Lease 1.22 coordination.k8s.io/v1
    scheduling.k8s.io/v1alpha1 PriorityClass 1.22 scheduling.k8s.io/v1
    scheduling.k8s.io/v1beta1 PriorityClass 1.22 scheduling.k8s.io/v1
    storage.k8s.io/v1beta1 CSIDriver 1.22 storage.k8s.io/v1
    storage.k8s.io/v1beta1 CSINode 1.22 storage.k8s.io/v1
    storage.k8s.io/v1beta1 StorageClass 1.22 storage.k8s.io/v1
    storage.k8s.io/v1beta1 VolumeAttachment 1.22 storage.k8s.io/v1
    storage.k8s.io/v1beta1 CSIStorageCapacity 1.27 storage.k8s.io/v1
    batch/v2alpha1 CronJob 1.21 batch/v1
    batch/v1beta1 CronJob 1.25 batch/v1
    discovery.k8s.io/v1beta1 EndpointSlice 1.25 discovery.k8s.io/v1
    events.k8s.io/v1beta1 Event 1.25 events.k8s.io/v1
    autoscaling/v2beta1 HorizontalPodAutoscaler 1.25 autoscaling/v2
    autoscaling/v2beta2 HorizontalPodAutoscaler 1.26 autoscaling/v2
    policy/v1beta1 PodDisruptionBudget 1.25 policy/v1
    policy/v1beta1 PodSecurityPolicy 1.25
    node.k8s.io/v1beta1 RuntimeClass 1.25 node.k8s.io/v1
    flowcontrol.apiserver.k8s.io/v1beta1 FlowSchema 1.26 flowcontrol.apiserver.k8s.io/v1
    flowcontrol.apiserver.k8s.io/v1beta1 PriorityLevelConfiguration 1.26 flowcontrol.apiserver.k8s.io/v1
    flowcontrol.apiserver.k8s.io/v1beta2 FlowSchema 1.29 flowcontrol.apiserver.k8s.io/v1
    flowcontrol.apiserver.k8s.io/v1beta2 PriorityLevelConfiguration 1.29 flowcontrol.apiserver.k8s.io/v1
    flowcontrol.apiserver.k8s.io/v1beta3 FlowSchema 1.32 flowcontrol.apiserver.k8s.io/v1
    flowcontrol.apiserver.k8s.io/v1beta3 PriorityLevelConfiguration 1.32 flowcontrol.apiserver.k8s.io/v1
"""
_DEPRECATED = {
    "v1 Endpoints": ("1.33", "discovery.k8s.io/v1 EndpointSlice"),
    "v1 ComponentStatus": ("1.19", ""),
}


@cache
def _removals() -> Mapping[str, Removal]:
    rows = (line.split() for line in _REMOVED.strip().splitlines())
    return {f"{row[0]} {row[1]}": Removal(row[2], row[3] if len(row) > 3 else "") for row in rows}


@cache
def _versions_by_group() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name in kinds():
        api_version = name.partition(" ")[0]
        found.setdefault(api_version.rpartition("/")[0], set()).add(api_version)
    return {group: frozenset(versions) for group, versions in found.items()}


@object_rule("MSH206", "error", aliases=("no-extensions-v1beta",))
def removed_version(resource: Resource) -> Iterator[Fault]:
    """An API version that Kubernetes no longer serves.

    The API server knows no such kind. The newer version has the same objects, often with a few fields elsewhere; where
    there is none, the kind itself is gone.

        # bad
        apiVersion: batch/v1beta1
        kind: CronJob
        metadata: {name: nightly}
        spec:
          schedule: "0 3 * * *"
          jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: "a:1"}]}}}}
        # good
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: nightly}
        spec:
          schedule: "0 3 * * *"
          jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: "a:1"}]}}}}
    """
    ref = resource.ref
    removal = _removals().get(f"{ref.api_version} {ref.kind}")
    if removal:
        message = f"{ref.api_version} {ref.kind} is gone since Kubernetes {removal.since}"
        advice = f"write apiVersion: {removal.instead}" if removal.instead else "nothing has taken its place"
        yield resource.root["apiVersion"].fault(message, advice)


@object_rule("MSH207", "warning", aliases=("deprecated-api",))
def deprecated_version(resource: Resource) -> Iterator[Fault]:
    """A kind that is still served, and meant to go.

        # bad
        apiVersion: v1
        kind: Endpoints
        metadata: {name: db}
        # good
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: db, labels: {kubernetes.io/service-name: db}}
        addressType: IPv4
        endpoints: [{addresses: [10.0.0.1]}]

    New code should not depend on it.
    """
    name = f"{resource.ref.api_version} {resource.ref.kind}"
    if name in _DEPRECATED:
        since, instead = _DEPRECATED[name]
        advice = f"use {instead}" if instead else ""
        yield resource.root["kind"].fault(f"{name} is deprecated since Kubernetes {since}", advice)


@object_rule("MSH208", "error")
def unknown_kind(resource: Resource) -> Iterator[Fault]:
    """A kind, or a version, that a group of Kubernetes' own does not have.

    Case counts, and so does the group: a Deployment is in `apps/v1`, not in `v1`.

        # bad
        apiVersion: v1
        kind: Deployment
        metadata: {name: web}
        # good
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web}
    """
    ref = resource.ref
    name = f"{ref.api_version} {ref.kind}"
    versions = _versions_by_group().get(ref.group)
    if not ref.kind or versions is None or name in kinds() or name in _removals() or ref.kind.endswith("List"):
        return
    if _UNSTABLE.fullmatch(ref.api_version.rpartition("/")[2]):
        return  # may be switched on
    at = "kind" if ref.api_version in versions else "apiVersion"
    elsewhere = sorted(each.partition(" ")[0] for each in kinds() if each.endswith(f" {ref.kind}"))
    same_group = [each.partition(" ")[2] for each in kinds() if each.startswith(f"{ref.api_version} ")]
    advice = f"{ref.kind} is in {' and '.join(elsewhere)}" if elsewhere else did_you_mean(ref.kind, same_group)
    yield resource.root[at].fault(f"Kubernetes {version()} has no {ref.kind} in {ref.api_version}", advice)
