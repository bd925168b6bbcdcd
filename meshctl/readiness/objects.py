"""Kinds with a short rule each."""

from __future__ import annotations

from meshctl.readiness.verdict import (
    Object,
    Readiness,
    State,
    conditions,
    current,
    entries,
    failed,
    in_progress,
    reason_of,
    text,
)


def always(_: Object) -> Readiness:
    """Data and schedules: as soon as they are stored, they are as wanted."""
    return current("it is there")


def claim(obj: Object) -> Readiness:
    """An unbound claim gates nobody: with WaitForFirstConsumer it binds only once a pod wants it."""
    phase = text(obj, "status", "phase")
    if phase == "Bound":
        return current("the claim is bound")
    return in_progress(f"the claim is not bound: {phase or 'not seen yet'}")


def service(obj: Object) -> Readiness:
    """A load balancer's missing address is a note: most clusters of developers never give one."""
    if text(obj, "spec", "type") != "LoadBalancer":
        return current("the service is ready")
    if not text(obj, "spec", "clusterIP"):
        return in_progress("waiting for a cluster IP")
    if not any(entries(obj, "status", "loadBalancer", "ingress")):
        return current("the service is ready; its load balancer has no address yet")
    return current("the service is ready")


def custom_resource_definition(obj: Object) -> Readiness:
    for each in conditions(obj):
        refused = each.get("status") == "False"
        match each.get("type"):
            case "NamesAccepted" if refused:
                return failed(text(each, "reason") or "NamesNotAccepted", f"its names are taken: {reason_of(each)}")
            case "Established" if refused and each.get("reason") != "Installing":
                return failed(text(each, "reason") or "NotEstablished", f"it is not served: {reason_of(each)}")
            case "Established" if each.get("status") == "True":
                return current("the kind is served")
    return in_progress("waiting for the kind to be served")


def disruption_budget(_: Object) -> Readiness:
    """Its observed generation was compared before; its controller tells no more."""
    return current("the allowed disruptions are known")


def namespace(obj: Object) -> Readiness:
    if text(obj, "status", "phase") == "Terminating":
        return Readiness(State.TERMINATING, "it is being deleted")
    return current("the namespace is active")
