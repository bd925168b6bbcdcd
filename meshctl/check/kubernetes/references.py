"""What pods read, and who provides it: ConfigMaps, Secrets and their keys, claims, accounts."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.references import Reference
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject
from meshctl.errors import did_you_mean

_GIVEN = {
    "ConfigMap": {"kube-root-ca.crt", "istio-ca-root-cert", "openshift-service-ca.crt"},
    "Secret": set[str](),
}
"""What every namespace gets from Kubernetes or from Istio."""


def _wanted(subject: Subject) -> Iterator[tuple[Pod, Reference]]:
    for pod in subject.pods:
        for reference in pod.references:
            if not reference.optional:
                yield pod, reference


@bundle_rule("MSH240", "warning", aliases=("non-existent-config",))
def missing_config(subject: Subject) -> Iterator[Fault]:
    """A pod reads a ConfigMap or a Secret that the project does not have.

    Unless somebody else puts it into the namespace, the pod never starts: `CreateContainerConfigError`, or a volume
    that cannot be mounted. What may be absent says `optional: true`.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web, image: "web:1", envFrom: [{configMapRef: {name: web-conf}}]}]
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web-config}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers: [{name: web, image: "web:1", envFrom: [{configMapRef: {name: web-config}}]}]
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web-config}
    """
    made = _made_by_others(subject)
    for pod, (kind, name, _, _) in _wanted(subject):
        namespace = subject.namespace_of(pod.resource)
        known = name.text in _GIVEN[kind] or (kind == "Secret" and (namespace, name.text) in made)
        if not known and subject.find("", kind, namespace, name.text) is None:
            names = [each.ref.name for each in subject.kind("", kind)]
            advice = did_you_mean(name.text, names) or "add it, or say optional: true where it may be absent"
            message = f"{pod.resource} reads {kind} {name.text}, which the project does not have"
            yield name.fault(message, advice, manifest=pod.resource.manifest)


def _made_by_others(subject: Subject) -> set[tuple[str, str]]:
    """Secrets, by namespace and name, that controllers make of other objects, as of a Certificate."""
    found: set[tuple[str, str]] = set()
    for resource in subject.resources:
        if resource.ref.group and resource.pod is None:
            named = (resource.spec["secretName"].text, resource.spec["target"]["name"].text)
            names = [*filter(None, named), *([resource.ref.name] if "Secret" in resource.ref.kind else [])]
            found.update((subject.namespace_of(resource), name) for name in names)
    return found


@bundle_rule("MSH241", "error")
def missing_key(subject: Subject) -> Iterator[Fault]:
    """A pod reads a key that the ConfigMap or the Secret does not have.

    The pod never starts. A key that may be absent says `optional: true`.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - name: web
            image: web:1
            env: [{name: MODE, valueFrom: {configMapKeyRef: {name: web, key: mod}}}]
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web}
        data: {mode: fast}
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          containers:
          - name: web
            image: web:1
            env: [{name: MODE, valueFrom: {configMapKeyRef: {name: web, key: mode}}}]
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: web}
        data: {mode: fast}
    """
    for pod, (kind, name, keys, _) in _wanted(subject):
        provider = subject.find("", kind, subject.namespace_of(pod.resource), name.text)
        if provider is None or _is_filled_later(provider):
            continue
        known = {key for field in ("data", "binaryData", "stringData") for key in provider.root[field].mapping}
        for key in keys:
            if key.text and key.text not in known:
                message = f"{provider} has no key {key.text}, which {pod.resource} reads"
                advice = did_you_mean(key.text, known) or f"it has {', '.join(sorted(known)) or 'none'}"
                yield key.fault(message, advice, manifest=pod.resource.manifest)


def _is_filled_later(provider: Resource) -> bool:
    """A token of an account, and what an annotation asks a controller to fill."""
    is_token = provider.root["type"].text == "kubernetes.io/service-account-token"
    return is_token or any("inject" in str(key) or "replicat" in str(key) for key in provider.annotations)


@bundle_rule("MSH242", "warning")
def missing_claim(subject: Subject) -> Iterator[Fault]:
    """A pod mounts a PersistentVolumeClaim that the project does not have.

    Unless somebody else has made it, the pod stays pending.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: db}
        spec:
          containers: [{name: db, image: "db:1", volumeMounts: [{name: data, mountPath: /data}]}]
          volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: db}
        spec:
          containers: [{name: db, image: "db:1", volumeMounts: [{name: data, mountPath: /data}]}]
          volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
    """
    for pod in subject.pods:
        namespace = subject.namespace_of(pod.resource)
        templated = {claim["metadata"]["name"].text for claim in pod.resource.spec["volumeClaimTemplates"]}
        for volume in pod.spec["volumes"]:
            name = volume["persistentVolumeClaim"]["claimName"]
            if (
                name.text
                and volume["name"].text not in templated
                and subject.find("", "PersistentVolumeClaim", namespace, name.text) is None
            ):
                message = f"{pod.resource} mounts claim {name.text}, which the project does not have"
                near = did_you_mean(name.text, [each.ref.name for each in subject.kind("", "PersistentVolumeClaim")])
                yield name.fault(message, near, manifest=pod.resource.manifest)


@bundle_rule("MSH243", "warning", aliases=("non-existent-service-account",))
def missing_account(subject: Subject) -> Iterator[Fault]:
    """A pod runs as a ServiceAccount that the project does not have.

    Unless somebody else has made it, no pod is made: the workload has none, and events say why.

        # bad
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          serviceAccountName: web
          containers: [{name: web, image: "web:1"}]
        # good
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          serviceAccountName: web
          containers: [{name: web, image: "web:1"}]
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: web}
    """
    for pod in subject.pods:
        spec = pod.spec
        name = spec["serviceAccountName"] or spec["serviceAccount"]
        namespace = subject.namespace_of(pod.resource)
        if name.text not in ("", "default") and subject.find("", "ServiceAccount", namespace, name.text) is None:
            message = f"{pod.resource} runs as ServiceAccount {name.text}, which the project does not have"
            near = did_you_mean(name.text, [each.ref.name for each in subject.kind("", "ServiceAccount")])
            yield name.fault(message, near, manifest=pod.resource.manifest)
