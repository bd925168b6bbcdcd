"""Subsets: those that are named, those that are defined, and the pods that have their labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from meshctl.check.finding import Fault, Severity
from meshctl.check.istio.host_index import HostIndex
from meshctl.check.istio.host_references import found_destinations, viewers
from meshctl.check.istio.hosts import visibility
from meshctl.check.istio.kinds import NETWORKING
from meshctl.check.istio.names import expanded, service_name
from meshctl.check.istio.selection import shown
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule
from meshctl.check.subject import Subject
from meshctl.errors import did_you_mean

_TOPOLOGY = ("topology.kubernetes.io/", "topology.istio.io/")


Subsets = Mapping[str, list[tuple[str, frozenset[str]]]]


def _subsets(subject: Subject) -> Subsets:
    """The subsets that DestinationRules define, with the namespaces that see them, by full name of the host."""
    found: dict[str, list[tuple[str, frozenset[str]]]] = defaultdict(list)
    for rule in subject.kind(NETWORKING, "DestinationRule"):
        namespace = subject.namespace_of(rule)
        seen = visibility(rule, namespace)
        name = expanded(rule.spec["host"].text, namespace)
        found[name] += ((subset["name"].text, seen) for subset in rule.spec["subsets"])
    return found


@bundle_rule("MSH358", "error", aliases=("IST0101", "KIA1107"))
def unknown_subset(subject: Subject) -> Iterator[Fault]:
    """A destination with a subset that no DestinationRule defines.

    Requests answer 503. The DestinationRule is one that is exported to the callers. Add a subset before a
    VirtualService names it, and remove it after.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web, subset: v2}}]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec: {host: web, subsets: [{name: v1, labels: {version: v1}}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{route: [{destination: {host: web, subset: v1}}]}]
        ---
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec: {host: web, subsets: [{name: v1, labels: {version: v1}}]}
    """
    subsets = _subsets(subject)
    wide = HostIndex((name, name) for name in subsets if name.startswith("*"))
    for service, target, name, host in found_destinations(subject):
        subset = target["subset"]
        is_ours = host is not None or name in subsets  # of a host that nobody knows there is enough to say already
        if not subset.text or not is_ours:
            continue
        covering = (rule for rule, _ in wide.covering(name) if rule != name)
        defined = [each for rule in (name, *covering) for each in subsets.get(rule, ())]
        callers = viewers(subject, service)
        known = {each for each, seen in defined if "*" in seen or seen & callers}
        if subset.text not in known:
            message = f"no DestinationRule defines the subset {subset.text} of {target['host'].text}"
            hidden = any(each == subset.text for each, _ in defined)
            advice = "one does, but is not exported to here" if hidden else did_you_mean(subset.text, known)
            yield subset.fault(message, advice, manifest=service.manifest)


@bundle_rule("MSH361", "error", aliases=("IST0173", "KIA0203"))
def empty_subset(subject: Subject) -> Iterator[Fault]:
    """A subset whose labels no pod of its host has.

    A destination with it answers 503; as long as there is none it only warns. The labels are those of the pods, beside
    the ones that the Service selects by.

        # bad
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec: {host: web, subsets: [{name: v2, labels: {version: v2}}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web, version: v1}}
        spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web}
        spec: {host: web, subsets: [{name: v1, labels: {version: v1}}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web, version: v1}}
        spec: {containers: [{name: web, image: "web:1"}]}
    """
    routed = {(name, target["subset"].text) for _, target, name, _ in found_destinations(subject)}
    for rule in subject.kind(NETWORKING, "DestinationRule"):
        named = service_name(expanded(rule.spec["host"].text, subject.namespace_of(rule)))
        service = subject.find("", "Service", *named) if named else None
        if named and service and service.spec["selector"].mapping:
            host = expanded(rule.spec["host"].text, subject.namespace_of(rule))
            for subset in rule.spec["subsets"]:
                is_used = (host, subset["name"].text) in routed
                yield from _selecting(subject, rule, subset, service, named[0], "error" if is_used else "warning")


def _selecting(
    subject: Subject, rule: Resource, subset: Node, service: Resource, namespace: str, worst: Severity
) -> Iterator[Fault]:
    labels = subset["labels"].mapping.items()
    wanted = {key: value for key, value in labels if not (key.startswith(_TOPOLOGY) and value)}  # those are of nodes
    selector = service.spec["selector"].mapping
    if wanted and not subject.pods_with({**selector, **wanted}, namespace):
        message = f"no pod of {service} has {shown(wanted)}"
        severity = worst if subject.pods_with(selector, namespace) else "warning"
        yield subset["labels"].fault(message, severity=severity, manifest=rule.manifest)
