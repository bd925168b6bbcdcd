"""What the API server asks of Services, Ingresses, NetworkPolicies and EndpointSlices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network

from meshctl.check.kubernetes.forms import (
    ABSOLUTE,
    ADDRESS,
    DOMAIN_PATH,
    HOST,
    LABEL,
    PORT_NAME,
    QUALIFIED,
    RANGE,
    SUBDOMAIN,
    URL_PATH,
    WILDCARD,
)
from meshctl.check.kubernetes.restrictions.constraints import (
    Body,
    Constraint,
    Refusal,
    among,
    at_most,
    filled,
    formed,
    given,
    inside,
    items,
    mapping,
    member,
    needed,
    one_of,
    only_when,
    repeated,
    sequence,
    within,
)


def _service(body: Body) -> Iterator[Refusal]:
    kind = body.get("type") or "ClusterIP"
    if kind == "ExternalName":
        yield from needed("externalName")(body)
        yield from formed(SUBDOMAIN, "externalName")(body)
    if body.get("clusterIP") == "None" and kind in ("NodePort", "LoadBalancer"):
        yield Refusal("together", ("clusterIP",), f"cannot be None for the type {kind}")
    addresses = sequence(body, "clusterIPs")
    if addresses and addresses[0] != body.get("clusterIP"):
        yield Refusal("together", ("clusterIPs",), "has to begin with what clusterIP is")


def _node_ports(body: Body) -> Iterator[Refusal]:
    ports = [((*steps, "nodePort"), port) for steps, port in items(body, "ports") if member(port, "nodePort")]
    if body.get("type") in (None, "", "ClusterIP"):
        for steps, _ in ports:
            yield Refusal("together", steps, "may not be set when type is ClusterIP", "type: NodePort")
    for steps, (number, _) in repeated((steps, (port["nodePort"], port.get("protocol"))) for steps, port in ports):
        yield Refusal("together", steps, f"is {number} a second time")


def _addresses(body: Body) -> Iterator[Refusal]:
    for field, address in ((("clusterIP",), body.get("clusterIP")), *items(body, "clusterIPs")):
        if isinstance(address, str) and address not in ("", "None") and not ADDRESS.fits(address):
            yield Refusal("form", field, f'has to be {ADDRESS.title} or None, not "{address}"')
    for steps, address in items(body, "externalIPs"):
        if isinstance(address, str) and (address.startswith("127.") or address == "::1"):
            yield Refusal("form", steps, f"cannot be {address}, which is every machine itself")


def _backend_port(body: Body) -> Iterator[Refusal]:
    port = mapping(body, "port")
    named = [field for field in ("name", "number") if port.get(field)]
    if not named:
        yield Refusal("together", ("port",), "needs name or number")
    elif len(named) > 1:
        yield Refusal("together", ("port", "number"), "cannot be beside name", "keep one of them")


def _ingress(body: Body) -> Iterator[Refusal]:
    if not body.get("defaultBackend") and not body.get("rules"):
        yield Refusal("together", ("rules",), "are needed where there is no defaultBackend")


def _ingress_path(body: Body) -> Iterator[Refusal]:
    """What is not judged by the controller alone is told by another rule too, but for its form."""
    if body.get("pathType") == "ImplementationSpecific":
        yield from formed(ABSOLUTE, "path")(body)
    elif "//" not in str(body.get("path")):
        yield from formed(URL_PATH, "path")(body)


def _peer(body: Body) -> Iterator[Refusal]:
    selectors = [field for field in ("podSelector", "namespaceSelector") if body.get(field) is not None]
    if body.get("ipBlock") is not None and selectors:
        yield Refusal("together", ("ipBlock",), f"cannot be beside {selectors[0]}", "make two entries of it")
    elif body.get("ipBlock") is None and not selectors:
        yield Refusal("together", (), "needs podSelector, namespaceSelector or ipBlock")


def _block(body: Body) -> Iterator[Refusal]:
    whole = body.get("cidr")
    for steps, part in items(body, "except"):
        if isinstance(whole, str) and isinstance(part, str) and RANGE.fits(whole) and RANGE.fits(part):
            outer, inner = ip_network(whole, strict=False), ip_network(part, strict=False)
            inside = outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]
            if not inside or inner == outer:
                yield Refusal("range", steps, f"has to be inside of {whole}, not {part}")


def _policy_port(body: Body) -> Iterator[Refusal]:
    port, end = body.get("port"), body.get("endPort")
    if port.__class__ is int:
        yield from within(1, 65535, "port")(body)
    else:
        yield from formed(PORT_NAME, "port")(body)
    if end is None:
        return
    if port.__class__ is not int:
        yield Refusal("together", ("endPort",), "may only be set beside a port that is a number")
    elif end.__class__ is int and end < port:
        yield Refusal("range", ("endPort",), f"has to be at least the port {port}, not {end}")


def _endpoints(body: Body) -> Iterator[Refusal]:
    form = {"IPv4": ADDRESS, "IPv6": ADDRESS, "FQDN": SUBDOMAIN}.get(str(body.get("addressType")))
    if form:
        yield from inside("endpoints", formed(form, "addresses"))(body)
    for outer, endpoint in items(body, "endpoints"):
        if not sequence(endpoint, "addresses"):
            yield Refusal("empty", (*outer, "addresses"), "is needed, and has no entry")
        for inner, address in items(endpoint, "addresses"):
            if address in ("", None):
                yield Refusal("empty", (*outer, *inner), "must not be empty")


NETWORK: Mapping[str, tuple[Constraint, ...]] = {
    "core.v1.ServiceSpec": (
        _service,
        _node_ports,
        _addresses,
        within(0, 65535, "healthCheckNodePort"),
        formed(QUALIFIED, "loadBalancerClass"),
        formed(ADDRESS, "externalIPs"),
        formed(RANGE, "loadBalancerSourceRanges"),
        only_when("externalTrafficPolicy", "type", "NodePort", "LoadBalancer", unset="ClusterIP"),
        only_when("loadBalancerSourceRanges", "type", "LoadBalancer", unset="ClusterIP"),
        only_when("loadBalancerClass", "type", "LoadBalancer", unset="ClusterIP"),
        only_when("allocateLoadBalancerNodePorts", "type", "LoadBalancer", unset="ClusterIP"),
        only_when("healthCheckNodePort", "externalTrafficPolicy", "Local", unset="Cluster"),
        among("trafficDistribution", "PreferClose", "PreferSameZone", "PreferSameNode"),
    ),
    "core.v1.ServicePort": (formed(LABEL, "name"), formed(PORT_NAME, "targetPort"), formed(QUALIFIED, "appProtocol")),
    "core.v1.ClientIPConfig": (within(1, 86400, "timeoutSeconds"),),
    "networking.v1.Ingress": (given("spec"),),
    "networking.v1.IngressSpec": (_ingress, formed(SUBDOMAIN, "ingressClassName"), filled("ingressClassName")),
    "networking.v1.IngressRule": (formed(HOST, "host"),),
    "networking.v1.HTTPIngressRuleValue": (filled("paths"),),
    "networking.v1.HTTPIngressPath": (_ingress_path,),
    "networking.v1.IngressBackend": (one_of("service", "resource"),),
    "networking.v1.IngressServiceBackend": (_backend_port, formed(LABEL, "name"), filled("name")),
    "networking.v1.IngressTLS": (formed(WILDCARD, "hosts"), formed(SUBDOMAIN, "secretName")),
    "networking.v1.IngressClassSpec": (formed(DOMAIN_PATH, "controller"),),
    "networking.v1.ServiceBackendPort": (within(0, 65535, "number"), formed(PORT_NAME, "name")),
    "networking.v1.NetworkPolicyPeer": (_peer,),
    "networking.v1.NetworkPolicyPort": (_policy_port, within(1, 65535, "endPort")),
    "networking.v1.IPBlock": (_block, formed(RANGE, "cidr", "except")),
    "networking.v1.NetworkPolicySpec": (at_most(2, "policyTypes"),),
    "discovery.v1.EndpointSlice": (_endpoints,),
}
