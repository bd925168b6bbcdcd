"""Which other objects an object names: pure tables by kind.

An object is *about* pods, Services or workloads (a Service selects pods, a VirtualService routes to a Service, an
autoscaler scales a workload), and *uses* others (a pod mounts a ConfigMap, a VirtualService hangs on a Gateway).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from meshctl.manifest import config_references, pod_template, pod_template_path

Body = Mapping[str, Any]
Labels = Mapping[str, Any]


class Named(NamedTuple):
    """An object that another one names; `namespace` is empty for its own."""

    kind: str
    name: str
    namespace: str = ""


def get(value: Any, *path: str) -> Any:
    """The value at `path`, None where something on the way is no mapping."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def mapping(value: Any, *path: str) -> Mapping[str, Any]:
    """The mapping at `path`, empty where there is none."""
    found = get(value, *path)
    return found if isinstance(found, Mapping) else {}


def texts(value: Any) -> list[str]:
    """What a list has, as texts; nothing where there is no list."""
    return [str(item) for item in value] if isinstance(value, list) else []


def items(value: Any) -> list[Mapping[str, Any]]:
    """The mappings of a list, none where there is no list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def is_workload(body: Body) -> bool:
    """Also of API versions that are gone: they are read all the same."""
    return pod_template_path(_group(body), str(body["kind"])) is not None and body["kind"] != "PodTemplate"


def selector(body: Body) -> Labels | None:
    """The labels of the pods that an object is about, as far as it says so by equality; None where it does not."""
    path = _SELECTORS.get((_group(body), str(body["kind"])))
    found = get(body, *path) if path else None
    return found if isinstance(found, Mapping) and found else None


def targets(body: Body) -> set[Named]:
    """The Services and workloads that an object is about."""
    table = _TARGETS.get((_group(body), str(body["kind"])))
    return {named for named in table(body) if named.name} if table else set()


def uses(body: Body) -> set[Named]:
    """The objects that an object cannot do without, and that are there for it."""
    template = pod_template(body)
    found = {Named(kind, name) for kind, name in config_references(template)} if template else set()
    if template:
        found.update(_uses_of_pod(template))
        found.add(Named("Service", str(get(body, "spec", "serviceName") or "")))
    table = _USES.get((_group(body), str(body["kind"])))
    found.update(table(body) if table else ())
    return {named for named in found if named.name}


def _group(body: Body) -> str:
    return str(body["apiVersion"]).rpartition("/")[0]


_NETWORKING, _GATEWAY_API = "networking.istio.io", "gateway.networking.k8s.io"
_MATCH_LABELS = ("spec", "selector", "matchLabels")
_WORKLOAD_LABELS = ("spec", "workloadSelector", "labels")
_SELECTORS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "Service"): ("spec", "selector"),
    ("policy", "PodDisruptionBudget"): _MATCH_LABELS,
    ("networking.k8s.io", "NetworkPolicy"): ("spec", "podSelector", "matchLabels"),
    ("monitoring.coreos.com", "PodMonitor"): _MATCH_LABELS,
    ("security.istio.io", "AuthorizationPolicy"): _MATCH_LABELS,
    ("security.istio.io", "PeerAuthentication"): _MATCH_LABELS,
    ("security.istio.io", "RequestAuthentication"): _MATCH_LABELS,
    ("telemetry.istio.io", "Telemetry"): _MATCH_LABELS,
    ("extensions.istio.io", "WasmPlugin"): _MATCH_LABELS,
    (_NETWORKING, "EnvoyFilter"): _WORKLOAD_LABELS,
    (_NETWORKING, "Sidecar"): _WORKLOAD_LABELS,
    (_NETWORKING, "ServiceEntry"): _WORKLOAD_LABELS,
    (_NETWORKING, "ProxyConfig"): ("spec", "selector", "matchLabels"),
}


def _host(text: Any) -> Named:
    """A host of Istio: a short name, or one with its namespace."""
    name, _, rest = str(text or "").partition(".")
    if name == "*":
        return Named("Service", "")
    return Named("Service", name, rest.removesuffix(".svc.cluster.local").removesuffix(".svc"))


def _of_virtual_service(body: Body) -> Iterator[Named]:
    """The hosts that it is for are what it is about; a gateway's hosts are names of the outside, so its routes are."""
    spec = mapping(body, "spec")
    gateways = texts(spec.get("gateways"))
    if not gateways or "mesh" in gateways:
        yield from (_host(host) for host in texts(spec.get("hosts")))
        return
    for protocol in ("http", "tls", "tcp"):
        for rule in items(spec.get(protocol)):
            yield from (_host(get(route, "destination", "host")) for route in items(rule.get("route")))


def _of_ingress(body: Body) -> Iterator[Named]:
    spec = mapping(body, "spec")
    backends = [spec.get("defaultBackend"), spec.get("backend")]
    for rule in items(spec.get("rules")):
        backends += [path.get("backend") for path in items(get(rule, "http", "paths"))]
    for backend in backends:
        yield Named("Service", str(get(backend, "service", "name") or get(backend, "serviceName") or ""))


def _of_route(body: Body) -> Iterator[Named]:
    for rule in items(get(body, "spec", "rules")):
        for backend in items(rule.get("backendRefs")):
            yield Named(str(backend.get("kind") or "Service"), str(backend.get("name") or ""))


def _scaled(*path: str) -> Callable[[Body], Iterator[Named]]:
    def of(body: Body) -> Iterator[Named]:
        target = get(body, *path)
        yield Named(str(get(target, "kind") or "Deployment"), str(get(target, "name") or ""))

    return of


def _of_binding(body: Body) -> Iterator[Named]:
    for subject in items(body.get("subjects")):
        if subject.get("kind") == "ServiceAccount":
            yield Named("ServiceAccount", str(subject.get("name") or ""), str(subject.get("namespace") or ""))


def _same_name(kind: str) -> Callable[[Body], Iterator[Named]]:
    return lambda body: iter([Named(kind, str(body["metadata"]["name"]))])


def _attached(body: Body) -> Iterator[Named]:
    for target in items(get(body, "spec", "targetRefs")):
        yield Named(str(target.get("kind") or ""), str(target.get("name") or ""))


_TARGETS: dict[tuple[str, str], Callable[[Body], Iterator[Named]]] = {
    (_NETWORKING, "VirtualService"): _of_virtual_service,
    (_NETWORKING, "DestinationRule"): lambda body: iter([_host(get(body, "spec", "host"))]),
    ("networking.k8s.io", "Ingress"): _of_ingress,
    ("extensions", "Ingress"): _of_ingress,
    **{(_GATEWAY_API, kind): _of_route for kind in ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")},
    (_GATEWAY_API, "BackendTLSPolicy"): _attached,
    ("autoscaling", "HorizontalPodAutoscaler"): _scaled("spec", "scaleTargetRef"),
    ("autoscaling.k8s.io", "VerticalPodAutoscaler"): _scaled("spec", "targetRef"),
    ("keda.sh", "ScaledObject"): _scaled("spec", "scaleTargetRef"),
    ("rbac.authorization.k8s.io", "RoleBinding"): _of_binding,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _of_binding,
    ("", "Endpoints"): _same_name("Service"),
    ("security.istio.io", "AuthorizationPolicy"): _attached,
    ("security.istio.io", "RequestAuthentication"): _attached,
    ("telemetry.istio.io", "Telemetry"): _attached,
    ("extensions.istio.io", "WasmPlugin"): _attached,
}
ROUTES = frozenset({"VirtualService", "Ingress", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute"})
"""Kinds that may be about several services, and then stand for a service of their own."""


def _uses_of_pod(template: Body) -> Iterator[Named]:
    spec = mapping(template, "spec")
    yield Named("ServiceAccount", str(spec.get("serviceAccountName") or spec.get("serviceAccount") or ""))
    yield from (Named("Secret", str(each.get("name") or "")) for each in items(spec.get("imagePullSecrets")))
    for volume in items(spec.get("volumes")):
        claim = get(volume, "persistentVolumeClaim", "claimName")
        yield Named("PersistentVolumeClaim", str(claim or ""))
    yield Named("PriorityClass", str(spec.get("priorityClassName") or ""))


def _gateways(body: Body) -> Iterator[Named]:
    for gateway in texts(get(body, "spec", "gateways")):
        namespace, _, name = gateway.rpartition("/")
        yield Named("Gateway", name if name != "mesh" else "", namespace)


def _certificates(body: Body) -> Iterator[Named]:
    for server in items(get(body, "spec", "servers")):
        yield Named("Secret", str(get(server, "tls", "credentialName") or ""))
    for listener in items(get(body, "spec", "listeners")):
        references = items(get(listener, "tls", "certificateRefs"))
        yield from (Named("Secret", str(each.get("name") or "")) for each in references)


def _of_account(body: Body) -> Iterator[Named]:
    for field in ("secrets", "imagePullSecrets"):
        yield from (Named("Secret", str(each.get("name") or "")) for each in items(body.get(field)))


def _role(body: Body) -> Iterator[Named]:
    yield Named(str(get(body, "roleRef", "kind") or ""), str(get(body, "roleRef", "name") or ""))


_USES: dict[tuple[str, str], Callable[[Body], Iterator[Named]]] = {
    (_NETWORKING, "VirtualService"): _gateways,
    (_NETWORKING, "Gateway"): _certificates,
    (_GATEWAY_API, "Gateway"): _certificates,
    (_GATEWAY_API, "HTTPRoute"): lambda body: (
        Named("Gateway", str(each.get("name") or "")) for each in items(get(body, "spec", "parentRefs"))
    ),
    ("networking.k8s.io", "Ingress"): lambda body: (
        Named("Secret", str(each.get("secretName") or "")) for each in items(get(body, "spec", "tls"))
    ),
    ("rbac.authorization.k8s.io", "RoleBinding"): _role,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _role,
    ("", "ServiceAccount"): _of_account,
    ("", "PersistentVolumeClaim"): lambda body: iter(
        [Named("PersistentVolume", str(get(body, "spec", "volumeName") or ""))]
    ),
}
