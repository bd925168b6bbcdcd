"""What Istio has to do with it: pods without the sidecar that they should have, routes that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from meshctl.diagnosis.case import Case, Diagnosis, Object, service_of
from meshctl.diagnosis.statuses import PROXY
from meshctl.identity import ObjectRef
from meshctl.readiness.verdict import entries, flag, mapping, text

_INJECT, _REVISION = "sidecar.istio.io/inject", "istio.io/rev"
_ROUTES = ("http", "tls", "tcp")


class Subset(NamedTuple):
    """A host of the mesh, as `name.namespace`, and the name of a part of its pods."""

    host: str
    name: str


class _Known(NamedTuple):
    """What is there to route to: the labels of each subset, the selector of each host, the labels of each pod."""

    subsets: dict[Subset, Object]
    selectors: dict[str, Object]
    pods: list[Object]


def injection(case: Case) -> Iterator[Diagnosis]:
    """Where the pod itself asks for a sidecar, or others have one; else there may be no injector here at all."""
    meshed = any(map(has_sidecar, (*case.around, *case.pods)))
    for pod in case.pods:
        asks = mapping(pod, "metadata", "labels").get(_INJECT) == "true"
        if (asks or meshed) and is_without_sidecar(pod, case.around):
            yield _without_sidecar(pod)


def remark(case: Case, pod: Object) -> tuple[str, ...]:
    """A line of evidence for whatever else is wrong with the pod."""
    return (_without_sidecar(pod).message,) if is_without_sidecar(pod, case.around) else ()


def lost_routes(objects: Iterable[Object], around: Iterable[Object]) -> Iterator[Diagnosis]:
    """VirtualServices that send to nobody, though all is ready. `around` are Services, DestinationRules and pods."""
    routes = [each for each in objects if names_subset(each)]
    if routes:
        known = _known(list(around))
        yield from (found for route in routes for found in _lost_routes(route, known))


def missing_sidecars(pods: Iterable[Object], namespaces: Iterable[Object]) -> Iterator[Diagnosis]:
    """Pods without their sidecar, though all is ready. Worth telling only where others have one."""
    known = list(namespaces)
    yield from (_without_sidecar(pod) for pod in pods if is_without_sidecar(pod, known))


def names_subset(obj: Object) -> bool:
    """Whether it is a VirtualService that needs a DestinationRule to be understood."""
    return text(obj, "kind") == "VirtualService" and _is_istio(obj) and any(_named(obj, ""))


def has_sidecar(pod: Object) -> bool:
    """As a container, or as a native sidecar among the init containers."""
    both = (*entries(pod, "spec", "containers"), *entries(pod, "spec", "initContainers"))
    return text(pod, "kind") == "Pod" and any(text(each, "name") == PROXY for each in both)


def is_without_sidecar(pod: Object, around: Iterable[Object]) -> bool:
    return text(pod, "status", "phase") != "Succeeded" and not has_sidecar(pod) and _wants_sidecar(pod, around)


def _wants_sidecar(pod: Object, around: Iterable[Object]) -> bool:
    """As Istio's webhook decides: the host's network never, then the namespace's `disabled`, the pod, the namespace."""
    own = mapping(pod, "metadata", "labels")
    named = text(pod, "metadata", "namespace")
    namespace: Object = next(
        (each for each in around if text(each, "kind") == "Namespace" and text(each, "metadata", "name") == named), {}
    )
    labels = mapping(namespace, "metadata", "labels")
    refused = "false" in (own.get(_INJECT), mapping(pod, "metadata", "annotations").get(_INJECT))
    if flag(pod, "spec", "hostNetwork") or refused or labels.get("istio-injection") == "disabled":
        return False
    enabled = labels.get("istio-injection") == "enabled" or _REVISION in labels
    return enabled or own.get(_INJECT) == "true"


def _without_sidecar(pod: Object) -> Diagnosis:
    return Diagnosis(
        "SidecarMissing",
        f"pod {text(pod, 'metadata', 'name')} has no Istio sidecar, though it or its namespace asks for one",
        suggestion=f"meshctl restart {service_of(pod)}; if that does not help: does istiod run, with that revision?",
        object=ObjectRef.of(pod),
    )


def _lost_routes(route: Object, known: _Known) -> Iterator[Diagnosis]:
    """Requests for a subset that no DestinationRule has, or that no pod belongs to, are answered with 503.

    Hosts of other namespaces, and those without a Service here, are not judged.
    """
    namespace = text(route, "metadata", "namespace")
    for subset in sorted(_named(route, namespace)):
        host = subset.host.removesuffix(f".{namespace}")
        selector = known.selectors.get(subset.host)
        if selector is None or host == subset.host:
            continue
        if subset not in known.subsets:
            yield _lost(route, f"sends to subset {subset.name} of {host}, which no DestinationRule has")
        elif not _has_pods({**selector, **known.subsets[subset]}, known.pods):
            labels = ",".join(f"{key}={value}" for key, value in sorted(known.subsets[subset].items()))
            yield _lost(route, f"sends to subset {subset.name} of {host}, whose labels ({labels}) no pod has")


def _lost(route: Object, said: str) -> Diagnosis:
    return Diagnosis(
        "SubsetMissing",
        f"{ObjectRef.of(route)} {said}: such requests are answered with 503",
        suggestion="mend the subset's name, add it to the DestinationRule, or start what has its labels",
        object=ObjectRef.of(route),
    )


def _named(route: Object, namespace: str) -> set[Subset]:
    return {
        Subset(_full(text(target, "host"), namespace), name)
        for protocol in _ROUTES
        for rule in entries(route, "spec", protocol)
        for target in _destinations(rule)
        if (name := text(target, "subset"))
    }


def _destinations(rule: Object) -> Iterator[Object]:
    yield from (mapping(each, "destination") for each in entries(rule, "route"))
    yield mapping(rule, "mirror")
    yield from (mapping(each, "destination") for each in entries(rule, "mirrors"))


def _subsets(around: Iterable[Object]) -> Iterator[tuple[Subset, Object]]:
    """Each subset of the DestinationRules with its labels."""
    for rule in around:
        if text(rule, "kind") == "DestinationRule" and _is_istio(rule):
            host = _full(text(rule, "spec", "host"), text(rule, "metadata", "namespace"))
            for subset in entries(rule, "spec", "subsets"):
                yield Subset(host, text(subset, "name")), mapping(subset, "labels")


def _known(around: list[Object]) -> _Known:
    services = [each for each in around if text(each, "kind") == "Service"]
    pods = [mapping(each, "metadata", "labels") for each in around if text(each, "kind") == "Pod"]
    return _Known(dict(_subsets(around)), {_host(each): mapping(each, "spec", "selector") for each in services}, pods)


def _has_pods(labels: Object, pods: list[Object]) -> bool:
    """Where no pod at all is known, or the Service chooses none itself, nobody can tell."""
    return not labels or not pods or any(labels.items() <= each.items() for each in pods)


def _host(service: Object) -> str:
    return f"{text(service, 'metadata', 'name')}.{text(service, 'metadata', 'namespace')}"


def _full(host: str, namespace: str) -> str:
    """`web`, `web.dev` and `web.dev.svc.cluster.local` are one host."""
    if "." not in host:
        return f"{host}.{namespace}"
    return ".".join(host.split(".")[:2]) if ".svc" in host or host.count(".") == 1 else host


def _is_istio(obj: Object) -> bool:
    return text(obj, "apiVersion").startswith("networking.istio.io/")
