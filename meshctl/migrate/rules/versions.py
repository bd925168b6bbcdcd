"""M1: API versions that Kubernetes no longer serves."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from meshctl.migrate.manifests import Manifest, walk
from meshctl.migrate.rules.autoscaling import metrics_of_v2
from meshctl.migrate.rules.conditions import Inexpressible
from meshctl.migrate.rules.context import Context
from meshctl.migrate.rules.ingress import backends_of_v1
from meshctl.migrate.rules.workloads import defaults_of_old_apps

_Step = Callable[[Context, Manifest], None]
_OLD_APPS = ("apps/v1beta1", "apps/v1beta2", "extensions/v1beta1")
_APPS = ("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet")
_RBAC = "rbac.authorization.k8s.io"
_ROLES = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
_STORAGE = ("StorageClass", "CSIDriver", "CSINode", "CSIStorageCapacity", "VolumeAttachment")
_MOVED: dict[tuple[str, str], str] = {
    **dict.fromkeys(product(_OLD_APPS, _APPS), "apps/v1"),
    **dict.fromkeys(product((f"{_RBAC}/v1alpha1", f"{_RBAC}/v1beta1"), _ROLES), f"{_RBAC}/v1"),
    **dict.fromkeys(product(("storage.k8s.io/v1beta1",), _STORAGE), "storage.k8s.io/v1"),
    ("extensions/v1beta1", "NetworkPolicy"): "networking.k8s.io/v1",
    ("extensions/v1beta1", "Ingress"): "networking.k8s.io/v1",
    ("networking.k8s.io/v1beta1", "Ingress"): "networking.k8s.io/v1",
    ("networking.k8s.io/v1beta1", "IngressClass"): "networking.k8s.io/v1",
    ("batch/v1beta1", "CronJob"): "batch/v1",
    ("batch/v2alpha1", "CronJob"): "batch/v1",
    ("policy/v1beta1", "PodDisruptionBudget"): "policy/v1",
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler"): "autoscaling/v2",
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler"): "autoscaling/v2",
    ("scheduling.k8s.io/v1alpha1", "PriorityClass"): "scheduling.k8s.io/v1",
    ("scheduling.k8s.io/v1beta1", "PriorityClass"): "scheduling.k8s.io/v1",
    ("coordination.k8s.io/v1beta1", "Lease"): "coordination.k8s.io/v1",
    ("discovery.k8s.io/v1beta1", "EndpointSlice"): "discovery.k8s.io/v1",
    ("node.k8s.io/v1beta1", "RuntimeClass"): "node.k8s.io/v1",
    ("apiregistration.k8s.io/v1beta1", "APIService"): "apiregistration.k8s.io/v1",
}
_WEBHOOKS = "v1 wants sideEffects and admissionReviewVersions, which only their server knows"
_GONE: dict[tuple[str, str], str] = {
    ("extensions/v1beta1", "PodSecurityPolicy"): "Kubernetes has no such policies any more",
    ("policy/v1beta1", "PodSecurityPolicy"): "Kubernetes has no such policies any more",
    ("settings.k8s.io/v1alpha1", "PodPreset"): "Kubernetes has no such presets any more",
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"): "its schemas are written otherwise in v1",
    ("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration"): _WEBHOOKS,
    ("admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration"): _WEBHOOKS,
}


def api_version(context: Context, manifest: Manifest) -> None:
    """M1. An object that cannot be written in the new version keeps the old one."""
    key = (manifest.api_version, manifest.kind)
    node = manifest.node.get("apiVersion")
    if node is None:
        return
    reason = _GONE.get(key) or _why_it_stays(context, manifest)
    if reason:
        message = f"{manifest} of {key[0]} is served no more"
        context.edits.tell("M1", "refused", manifest, node, message, reason)
    elif new := _MOVED.get(key):
        context.edits.replace(manifest, node, new)
        why = "it is served no more"
        context.edits.tell("M1", "changed", manifest, node, f"{manifest}: {key[0]} is now {new}", why)


def _why_it_stays(context: Context, manifest: Manifest) -> str:
    """Empty where its fields have been brought into the form of the new version."""
    try:
        for step in _STEPS.get((manifest.api_version, manifest.kind), ()):
            step(context, manifest)
    except Inexpressible as reason:
        return str(reason)
    return ""


def _selects_something(_: Context, manifest: Manifest) -> None:
    selector = manifest.node.get("spec", "selector")
    if selector and selector.kind == "mapping" and not selector.entries:
        raise Inexpressible("its empty selector chose no pods, and in policy/v1 chooses all")


def _has_no_topology(_: Context, manifest: Manifest) -> None:
    if any(endpoint.get("topology") for endpoint in manifest.entries("endpoints")):
        raise Inexpressible("the topology of endpoints is nodeName and zone in v1")


def _subjects(context: Context, manifest: Manifest) -> None:
    """v1alpha1 named the version of a subject; and its user * was whoever is known, in v1 a user of that name."""
    for subject in walk(manifest, "subjects", "*"):
        user = manifest.plain(subject.get("name")) == "*" and manifest.plain(subject.get("kind")) == "User"
        changed = {"kind": ("kind", "Group"), "name": ("name", "system:authenticated")} if user else {}
        if entry := subject.entry("apiVersion"):
            group = '""' if manifest.plain(subject.get("kind")) == "ServiceAccount" else _RBAC
            changed["apiVersion"] = ("apiGroup", group)
            message = f"apiVersion of a subject is now apiGroup: {group}"
            context.edits.tell("M1", "changed", manifest, entry[0], message, "v1 has no such field")
        if user:
            message, why = "user * is now the group system:authenticated", "v1 takes * for the name of a user"
            context.edits.tell("M1", "changed", manifest, subject, message, why)
        if changed:
            context.edits.rewrite(manifest, subject, changed)


_STEPS: dict[tuple[str, str], tuple[_Step, ...]] = {
    **dict.fromkeys(product(_OLD_APPS, _APPS), (defaults_of_old_apps,)),
    **dict.fromkeys(product((f"{_RBAC}/v1alpha1",), ("RoleBinding", "ClusterRoleBinding")), (_subjects,)),
    ("policy/v1beta1", "PodDisruptionBudget"): (_selects_something,),
    ("discovery.k8s.io/v1beta1", "EndpointSlice"): (_has_no_topology,),
    ("extensions/v1beta1", "Ingress"): (backends_of_v1,),
    ("networking.k8s.io/v1beta1", "Ingress"): (backends_of_v1,),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler"): (metrics_of_v2,),
}
