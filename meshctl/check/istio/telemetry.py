"""What the mesh records, and what a Sidecar lets pods see."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl import expression
from meshctl.check.finding import Fault
from meshctl.check.istio.hosts import hosts_of
from meshctl.check.istio.injection import is_ambient
from meshctl.check.istio.kinds import NETWORKING, TELEMETRY_KIND
from meshctl.check.istio.names import service_name
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.selection import WITH_TARGETS, has_targets, selector
from meshctl.check.istio.values import texts
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject

_GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"


@istio_rule("MSH309", "warning", TELEMETRY_KIND, aliases=("IST0157",))
def log_without_provider(telemetry: Resource) -> Iterator[Fault]:
    """An access log that names no provider.

    Then nothing is logged, unless the mesh has a default provider. The one that is always there is called envoy.

        # bad
        apiVersion: telemetry.istio.io/v1
        kind: Telemetry
        metadata: {name: default}
        spec: {accessLogging: [{filter: {expression: "response.code >= 400"}}]}
        # good
        apiVersion: telemetry.istio.io/v1
        kind: Telemetry
        metadata: {name: default}
        spec: {accessLogging: [{providers: [{name: envoy}], filter: {expression: "response.code >= 400"}}]}
    """
    for entry in telemetry.spec["accessLogging"]:
        if not entry["providers"].value and entry["disabled"].value is not True:
            yield entry.fault("no provider is named, so nothing is logged", "write providers: [{name: envoy}]")


@istio_rule("MSH351", "error", TELEMETRY_KIND, aliases=("IST0106", "IST0133"))
def recorded(telemetry: Resource) -> Iterator[Fault]:
    """A Telemetry that Istio refuses, or follows in part.

    A tag has a name and says where its value comes from; one of a metric has an expression, unless it is removed. The
    filter of a log is CEL. Of several entries of tracing Istio takes the first, and traces to one provider.

        # bad
        apiVersion: telemetry.istio.io/v1
        kind: Telemetry
        metadata: {name: default}
        spec: {accessLogging: [{providers: [{name: envoy}], filter: {expression: "response.code =>"}}]}
        # good
        apiVersion: telemetry.istio.io/v1
        kind: Telemetry
        metadata: {name: default}
        spec: {accessLogging: [{providers: [{name: envoy}], filter: {expression: "response.code >= 400"}}]}
    """
    for entry in telemetry.spec["accessLogging"]:
        condition = entry["filter"]["expression"]
        if condition.text and (fault := expression.syntax_fault(condition.text)):
            yield condition.fault(f"the expression is no CEL: {fault}")
    for entry in list(telemetry.spec["tracing"])[1:]:
        yield entry.fault("Istio takes only the first entry of tracing", severity="warning")
    for entry in telemetry.spec["tracing"]:
        if len(list(entry["providers"])) > 1:
            yield entry["providers"].fault("Istio traces to one provider only", at_key=True, severity="warning")
        yield from _tags(entry["customTags"])
    for entry in telemetry.spec["metrics"]:
        for override in entry["overrides"]:
            yield from _tags(override["tagOverrides"])
            for name, tag in override["tagOverrides"].children():
                if tag and tag["operation"].text != "REMOVE" and not tag["value"].text:
                    yield tag.fault(f"the tag {name} gets no value", "write its value, or operation: REMOVE")


def _tags(tags: Node) -> Iterator[Fault]:
    for name, tag in tags.children():
        if not name:
            yield tag.fault("a tag needs a name", at_key=True)
        elif not tag:
            yield tag.fault(f"nothing is said of the tag {name}", at_key=True)


@bundle_rule("MSH307", "warning", aliases=("KIA1004",))
def unknown_egress_host(subject: Subject) -> Iterator[Fault]:
    """A Sidecar that lets pods see a host which is none of the mesh.

    Looked for in namespaces whose Services are among the objects at hand.

        # bad
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: default}
        spec: {egress: [{hosts: [./wbe.default.svc.cluster.local]}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: default}
        spec: {egress: [{hosts: [./web.default.svc.cluster.local]}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {ports: [{name: http, port: 80}]}
    """
    hosts = hosts_of(subject)
    for sidecar in subject.kind(NETWORKING, "Sidecar"):
        own = subject.namespace_of(sidecar)
        for listener in sidecar.spec["egress"]:
            for node, text in texts(listener["hosts"]):
                name = text.rpartition("/")[2]
                is_ours = service_name(name) is not None and "*" not in name and hosts.knows(name, own)
                if is_ours and hosts.find(name, (own,)) is None:
                    yield node.fault(f"there is no host {name}", manifest=sidecar.manifest)


@bundle_rule("MSH399", "warning", aliases=("IST0166", "IST0167"))
def policy_unheard(subject: Subject) -> Iterator[Fault]:
    """A policy that is not for where it is.

    The pods of a Gateway of Kubernetes follow policies that name the Gateway in targetRefs, not those that select by
    labels. In a namespace of the ambient mode there are no sidecars, so a Sidecar has no effect.

        # bad
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: edge}
        spec: {selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: edge}}, rules: [{}]}
        # good
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: edge}
        spec: {targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: edge}], rules: [{}]}
    """
    for group, kind in WITH_TARGETS:
        for policy in subject.kind(group, kind):
            labels = selector(policy)
            if not has_targets(policy) and _takes_a_gateway(subject, policy):
                message = "pods of a Gateway of Kubernetes follow no policy that selects by labels"
                yield labels.fault(message, "name the Gateway in targetRefs", manifest=policy.manifest)
    for sidecar in subject.kind(NETWORKING, "Sidecar"):
        made = subject.find("", "Namespace", subject.namespace, subject.namespace_of(sidecar))
        if made and is_ambient(made.labels):
            yield sidecar.root.fault(f"there are no sidecars in {made.ref.name}", manifest=sidecar.manifest)


def _takes_a_gateway(subject: Subject, policy: Resource) -> bool:
    labels = selector(policy).mapping
    if not labels or _GATEWAY_NAME in labels:
        return bool(labels)
    pods = subject.pods_with(labels, subject.namespace_of(policy))
    return any(_GATEWAY_NAME in pod.labels for pod in pods)
