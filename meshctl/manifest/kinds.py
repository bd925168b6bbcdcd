"""What is known of kinds without a server: their order of birth and their scope.

Scopes are those of Kubernetes 1.37 (all API versions, alpha too), Istio and the Gateway API; tests compare them with
the discovery of a real API server.
"""

from __future__ import annotations

from collections.abc import Collection

from meshctl.identity import ObjectRef

WORKLOADS = frozenset(
    {
        ("", "Pod"),
        ("", "ReplicationController"),
        ("apps", "Deployment"),
        ("apps", "StatefulSet"),
        ("apps", "DaemonSet"),
        ("apps", "ReplicaSet"),
        ("batch", "Job"),
        ("batch", "CronJob"),
    }
)

_CRD_GROUP = "apiextensions.k8s.io"
_RBAC_GROUP = "rbac.authorization.k8s.io"

# Before all others come the things that admission looks at when a pod, a claim or an Ingress is made.
_ORDER = (
    {("", "Namespace")},
    {(_CRD_GROUP, "CustomResourceDefinition")},
    {
        ("", "LimitRange"),
        ("", "ResourceQuota"),
        ("networking.k8s.io", "IngressClass"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("node.k8s.io", "RuntimeClass"),
        ("policy", "PodDisruptionBudget"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "StorageClass"),
    },
    {("", "ServiceAccount")},
    {(_RBAC_GROUP, "ClusterRole"), (_RBAC_GROUP, "Role")},
    {(_RBAC_GROUP, "ClusterRoleBinding"), (_RBAC_GROUP, "RoleBinding")},
    {("", "Secret")},
    {("", "ConfigMap")},
    {("", "PersistentVolume")},
    {("", "PersistentVolumeClaim")},
    {("", "Service")},
    WORKLOADS,
)
_RANKS = {group_kind: rank for rank, kinds in enumerate(_ORDER) for group_kind in kinds}

_NAMESPACED = {
    "": "Binding ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController "
    "ResourceQuota Secret Service ServiceAccount",
    "apps": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "authorization.k8s.io": "LocalSubjectAccessReview",
    "autoscaling": "HorizontalPodAutoscaler",
    "batch": "CronJob Job",
    "certificates.k8s.io": "PodCertificateRequest",
    "coordination.k8s.io": "Lease LeaseCandidate",
    "discovery.k8s.io": "EndpointSlice",
    "events.k8s.io": "Event",
    "extensions": "DaemonSet Deployment Ingress NetworkPolicy ReplicaSet",
    "gateway.networking.k8s.io": "BackendTLSPolicy Gateway GRPCRoute HTTPRoute ListenerSet ReferenceGrant TCPRoute "
    "TLSRoute UDPRoute",
    "lifecycle.k8s.io": "Eviction EvictionRequest",
    "networking.k8s.io": "Ingress NetworkPolicy",
    "policy": "Eviction PodDisruptionBudget",
    "rbac.authorization.k8s.io": "Role RoleBinding",
    "resource.k8s.io": "ResourceClaim ResourceClaimTemplate",
    "scheduling.k8s.io": "CompositePodGroup PodGroup Workload",
    "storage.k8s.io": "CSIStorageCapacity",
}
_CLUSTER_SCOPED = {
    "": "ComponentStatus Namespace Node PersistentVolume",
    "admissionregistration.k8s.io": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding "
    "MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding "
    "ValidatingWebhookConfiguration",
    _CRD_GROUP: "CustomResourceDefinition",
    "apiregistration.k8s.io": "APIService",
    "authentication.istio.io": "MeshPolicy",
    "authentication.k8s.io": "SelfSubjectReview TokenReview",
    "authorization.k8s.io": "SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview",
    "certificates.k8s.io": "CertificateSigningRequest ClusterTrustBundle",
    "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
    "gateway.networking.k8s.io": "GatewayClass",
    "internal.apiserver.k8s.io": "StorageVersion",
    "networking.k8s.io": "IPAddress IngressClass ServiceCIDR",
    "node.k8s.io": "RuntimeClass",
    "policy": "PodSecurityPolicy",
    "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
    "rbac.istio.io": "ClusterRbacConfig",
    "resource.k8s.io": "DeviceClass DeviceTaintRule ResourcePoolStatusRequest ResourceSlice",
    "scheduling.k8s.io": "PriorityClass",
    "storage.k8s.io": "CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass",
    "storagemigration.k8s.io": "StorageVersionMigration",
}
# All other kinds of these groups are namespaced; config.istio.io is Mixer's, which migrate still reads.
_ISTIO_GROUPS = frozenset(
    f"{name}.istio.io"
    for name in ("authentication", "config", "extensions", "install", "networking", "rbac", "security", "telemetry")
)

_SCOPES: dict[tuple[str, str], bool] = {
    (group, kind): namespaced
    for table, namespaced in ((_NAMESPACED, True), (_CLUSTER_SCOPED, False))
    for group, kinds in table.items()
    for kind in kinds.split()
}


def order_key(ref: ObjectRef) -> tuple[int, str, str, str]:
    """Sorts the objects of one service: what others need first, kinds that are not known last."""
    return (_RANKS.get(ref.group_kind, len(_ORDER)), ref.kind, ref.namespace, ref.name)


def groups_of(kind: str) -> list[str]:
    """The API groups that have a kind of this name, as far as is known here; `v1` is the one without a name."""
    return sorted(group or "v1" for group, known in _SCOPES if known == kind and group != "extensions")


def is_namespaced(api_version: str, kind: str, scoped_kinds: Collection[str] = ()) -> bool | None:
    """Whether objects of the kind live in a namespace; None if nothing here knows.

    `scoped_kinds` are cluster-scoped ones that somebody vouches for, written `Widget.example.com`.
    """
    group = api_version.rpartition("/")[0]
    known = _SCOPES.get((group, kind))
    if known is not None:
        return known
    if f"{kind}.{group}" in scoped_kinds:
        return False
    return True if group in _ISTIO_GROUPS else None
