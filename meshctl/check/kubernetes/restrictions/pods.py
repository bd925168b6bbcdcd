"""What the API server asks of pods as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshctl.check.kubernetes.forms import ADDRESS, LABEL, LABEL_VALUE, QUALIFIED, SUBDOMAIN
from meshctl.check.kubernetes.quantities import quantity
from meshctl.check.kubernetes.restrictions.constraints import (
    Body,
    Constraint,
    Refusal,
    among,
    amounts,
    at_most,
    filled,
    formed,
    given,
    items,
    keyed,
    mapping,
    member,
    needed,
    one_of,
    repeated,
    within,
)
from meshctl.yamlio import Path

_GRACE = 30  # seconds, where a pod names none
_LONGEST = 2**31 - 1  # seconds


def _pod(body: Body) -> Iterator[Refusal]:
    if body.get("shareProcessNamespace") is True and body.get("hostPID") is True:
        yield Refusal("together", ("shareProcessNamespace",), "cannot be true beside hostPID")
    if body.get("dnsPolicy") == "None" and not mapping(body, "dnsConfig").get("nameservers"):
        yield Refusal("together", ("dnsConfig",), "is needed, with nameservers, when dnsPolicy is None")
    requests, limits = (mapping(body, "resources", field) for field in ("requests", "limits"))
    for name, value in requests.items():
        request, limit = quantity(value), quantity(limits.get(name))
        if request is not None and limit is not None and request > limit:
            yield Refusal(
                "range", ("resources", "requests", name), f"is {value}, more than the limit of {limits[name]}"
            )


def _grace(body: Body) -> Iterator[Refusal]:
    """Nothing may sleep for longer than the pod has to end."""
    grace = body.get("terminationGracePeriodSeconds", _GRACE)
    for outer, container in items(body, "containers"):
        for hook in ("postStart", "preStop"):
            seconds = mapping(container, "lifecycle", hook, "sleep").get("seconds")
            if seconds.__class__ is int and grace.__class__ is int and not 0 <= seconds <= grace:
                steps = (*outer, "lifecycle", hook, "sleep", "seconds")
                yield Refusal("range", steps, f"has to be at most the {grace} seconds of grace, not {seconds}")


def _of_network(body: Body) -> Iterator[Refusal]:
    if body.get("hostUsers") is False:
        for field in ("hostNetwork", "hostPID", "hostIPC"):
            if body.get(field) is True:
                yield Refusal("together", (field,), "cannot be true when hostUsers is false")


def _init_containers(body: Body) -> Iterator[Refusal]:
    """One that goes on beside the others is a sidecar, and has probes; any other ends before they begin."""
    for steps, container in items(body, "initContainers"):
        if member(container, "restartPolicy") != "Always":
            for field in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"):
                if container.__class__ is dict and container.get(field) is not None:
                    what = "may not be set for an init container"
                    yield Refusal("together", (*steps, field), what, "restartPolicy: Always makes a sidecar of it")


def _host_ports(body: Body) -> Iterator[Refusal]:
    for steps, (number, *_) in repeated(_taken(body)):
        yield Refusal("together", steps, f"is {number} a second time", "a node has each port once")


def _taken(body: Body) -> Iterator[tuple[Path, Any]]:
    for outer, container in items(body, "containers"):
        for inner, port in items(container, "ports"):
            if number := member(port, "hostPort"):
                key = (number, port.get("protocol") or "TCP", port.get("hostIP") or "")
                yield (*outer, *inner, "hostPort"), key


PODS: Mapping[str, tuple[Constraint, ...]] = {
    "core.v1.Pod": (given("spec"),),
    "core.v1.PodTemplateSpec": (given("spec"),),
    "core.v1.PodSpec": (
        _pod,
        _of_network,
        _init_containers,
        _host_ports,
        _grace,
        filled("containers"),
        within(1, _LONGEST, "activeDeadlineSeconds"),
        formed(LABEL, "hostname", "subdomain"),
        formed(
            SUBDOMAIN,
            "serviceAccountName",
            "serviceAccount",
            "nodeName",
            "hostnameOverride",
            "priorityClassName",
            "runtimeClassName",
        ),
        keyed(QUALIFIED, "nodeSelector"),
        formed(LABEL_VALUE, "nodeSelector"),
        amounts(0, "overhead"),
    ),
    "core.v1.HostAlias": (formed(ADDRESS, "ip"), formed(SUBDOMAIN, "hostnames")),
    "core.v1.PodDNSConfig": (formed(ADDRESS, "nameservers"), at_most(3, "nameservers"), at_most(32, "searches")),
    "core.v1.PodDNSConfigOption": (needed("name"),),
    "core.v1.PodOS": (among("name", "linux", "windows"),),
    "core.v1.PodReadinessGate": (formed(QUALIFIED, "conditionType"),),
    "core.v1.PodSchedulingGate": (formed(QUALIFIED, "name"),),
    "core.v1.PodResourceClaim": (one_of("resourceClaimName", "resourceClaimTemplateName"),),
}
