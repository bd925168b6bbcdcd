"""Rules of what is entered into the mesh by hand: ServiceEntry, WorkloadEntry, WorkloadGroup."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import SERVICE_ENTRY, WORKLOAD_ENTRY, WORKLOAD_GROUP
from meshctl.check.istio.names import full_name_fault, host_fault, is_ip, is_label, is_network, is_partial_wildcard
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import (
    HTTP_PROTOCOLS,
    SOCKET,
    TLS_PROTOCOLS,
    is_protocol,
    labels,
    texts,
    workload_selector,
)
from meshctl.check.node import Node
from meshctl.check.resource import Resource

_DNS = ("DNS", "DNS_ROUND_ROBIN")


def resolution(entry: Resource) -> str:
    return entry.spec["resolution"].text or "NONE"


@istio_rule("MSH339", "error", SERVICE_ENTRY, aliases=("IST0106", "IST0133"))
def hosts_and_addresses(entry: Resource) -> Iterator[Fault]:
    """A host or an address of a ServiceEntry that Istio refuses.

    Hosts are DNS names that may begin with a wildcard, which stands for a whole label. Addresses are IP addresses or
    ranges of them.

        # bad
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: payments}
        spec:
          hosts: [api_payments.example.com]
          ports: [{number: 443, name: tls, protocol: TLS}]
          resolution: DNS
        # good
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: payments}
        spec:
          hosts: [api.payments.example.com]
          ports: [{number: 443, name: tls, protocol: TLS}]
          resolution: DNS
    """
    for node, host in texts(entry.spec["hosts"]):
        if fault := host_fault(host):
            yield node.fault(fault)
        elif is_partial_wildcard(host):
            yield node.fault(f'"{host}": a wildcard stands for a whole label', severity="warning")
    for node, address in texts(entry.spec["addresses"]):
        if not is_network(address):
            yield node.fault(f'"{address}" is neither an address nor a range of them')


@istio_rule("MSH340", "error", SERVICE_ENTRY, aliases=("IST0106", "IST0133"))
def entry_ports(entry: Resource) -> Iterator[Fault]:
    """A port of a ServiceEntry that Istio refuses.

    Its name is a DNS label, and Istio knows the protocol. Hosts of plain TCP cannot be told apart, so only one host may
    have such a port, unless nothing is resolved.

        # bad
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: payments}
        spec:
          hosts: [api.payments.example.com]
          ports: [{number: 443, name: tls, protocol: TSL}]
          resolution: DNS
        # good
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: payments}
        spec:
          hosts: [api.payments.example.com]
          ports: [{number: 443, name: tls, protocol: TLS}]
          resolution: DNS
    """
    for port in entry.spec["ports"]:
        name, protocol, target = port["name"], port["protocol"], port["targetPort"]
        if not is_label(name.text):
            yield (name or port).fault(f'the name of a port is a DNS label, not "{name.text}"')
        if protocol.text and not is_protocol(protocol.text):
            yield protocol.fault(f'Istio knows no protocol "{protocol.text}"')
        if target.number and resolution(entry) == "NONE":
            yield target.fault("targetPort has no effect when nothing is resolved", at_key=True, severity="warning")
    yield from _plain_tcp(entry)
    yield from _one_address(entry)


def _one_address(entry: Resource) -> Iterator[Fault]:
    """Hosts of TLS that share an address: the sidecar goes by the address, which does not say which host is meant."""
    addresses, hosts = entry.spec["addresses"], list(entry.spec["hosts"])
    protocols = {port["protocol"].text.upper() for port in entry.spec["ports"]}
    if resolution(entry) in _DNS and addresses.value and protocols & TLS_PROTOCOLS and len(hosts) > 1:
        message = "a connection to an address does not say which of the hosts it is for"
        yield addresses.fault(message, "write an entry for each host", at_key=True, severity="warning")


def _plain_tcp(entry: Resource) -> Iterator[Fault]:
    if resolution(entry) == "NONE" or len(list(entry.spec["hosts"])) < 2:
        return
    for port in entry.spec["ports"]:
        protocol = port["protocol"]
        if protocol.text.upper() not in HTTP_PROTOCOLS | TLS_PROTOCOLS:
            shown = protocol.text or "TCP"
            yield (protocol or port).fault(f"hosts of {shown} cannot be told apart", "write an entry for each host")
            return


@istio_rule("MSH341", "error", SERVICE_ENTRY, aliases=("IST0106", "IST0133"))
def endpoints(entry: Resource) -> Iterator[Fault]:
    """Endpoints of a ServiceEntry that do not fit the way it is resolved.

    NONE has no endpoints. STATIC has endpoints with addresses. DNS resolves names of endpoints, or else the hosts,
    which then are full names. Ports of an endpoint are named like those of the entry.

        # bad
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: partners}
        spec:
          hosts: ["*.partners.example.com"]
          ports: [{number: 443, name: tls, protocol: TLS}]
          resolution: DNS
        # good
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: partners}
        spec:
          hosts: ["*.partners.example.com"]
          ports: [{number: 443, name: tls, protocol: TLS}]
          resolution: NONE
    """
    how, given, selector = resolution(entry), entry.spec["endpoints"], entry.spec["workloadSelector"]
    yield from workload_selector(selector)
    if selector["labels"].value and how != "STATIC":
        yield selector.fault(f"workloadSelector has no effect with resolution {how}", at_key=True, severity="warning")
    if how in _DNS and not given.value:
        for node, host in texts(entry.spec["hosts"]):
            if fault := full_name_fault(host):
                yield node.fault(fault, "without endpoints DNS resolves the hosts, so write full names")
    names = {port["name"].text for port in entry.spec["ports"]}
    for endpoint in given if how != "NONE" else ():
        address = endpoint["address"]
        if how in _DNS and (address.text.startswith(SOCKET) or not address.text):
            yield (address or endpoint).fault(f"{how} takes names and IP addresses, nothing else")
        else:
            yield from _workload(endpoint, names, by_name=how != "STATIC")


def _workload(endpoint: Node, service_ports: set[str] | None, *, by_name: bool) -> Iterator[Fault]:
    """`service_ports` are the names that an endpoint may use, None where nobody says; `by_name` allows host names."""
    address = endpoint["address"]
    if not address.text and endpoint["network"].text:
        yield endpoint.fault(f"it has no address in network {endpoint['network'].text}", severity="warning")
    elif address.text.startswith(SOCKET):
        if service_ports is not None and len(service_ports) != 1:
            yield address.fault("an entry with a socket has exactly one port")
    elif address.text and not is_ip(address.text) and (not by_name or full_name_fault(address.text)):
        yield address.fault(f'"{address.text}" is {"neither a full name nor an" if by_name else "no"} IP address')
    for name, port in endpoint["ports"].children():
        if service_ports is not None and name not in service_ports:
            yield port.fault(f'the entry has no port called "{name}"', at_key=True)
    yield from labels(endpoint["labels"])


@istio_rule("MSH343", "error", WORKLOAD_ENTRY, WORKLOAD_GROUP, aliases=("IST0106", "IST0133"))
def workloads(entry: Resource) -> Iterator[Fault]:
    """A workload outside of Kubernetes that Istio refuses.

    The address of a WorkloadEntry is an IP, a full name or a socket. The probe of a WorkloadGroup asks by HTTP, TCP,
    gRPC or a command.

        # bad
        apiVersion: networking.istio.io/v1
        kind: WorkloadEntry
        metadata: {name: db-1}
        spec: {address: db_1, labels: {app: db}}
        # good
        apiVersion: networking.istio.io/v1
        kind: WorkloadEntry
        metadata: {name: db-1}
        spec: {address: 10.0.0.7, labels: {app: db}}
    """
    if entry.ref.kind == "WorkloadEntry":
        yield from _workload(entry.spec, None, by_name=True)
        return
    yield from labels(entry.spec["metadata"]["labels"])
    probe = entry.spec["probe"]
    if probe and not any(probe[method] for method in ("httpGet", "tcpSocket", "exec", "grpc")):
        yield probe.fault("the probe asks nothing", "give it httpGet, tcpSocket, exec or grpc")
    if probe["exec"]["command"].value == []:
        yield probe["exec"]["command"].fault("the probe runs no command")


@istio_rule("MSH342", "warning", SERVICE_ENTRY, aliases=("IST0134",))
def addresses_of_tcp(entry: Resource) -> Iterator[Fault]:
    """A port of plain TCP without addresses.

    A connection says nothing of its host, so the sidecar can only go by the address. Without `addresses` it takes every
    connection to that port number for this entry, unless Istio gives each entry an address of its own
    (`networking.istio.io/enable-autoallocate-ip`).

        # bad
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: db}
        spec:
          hosts: [db.example.com]
          ports: [{number: 5432, name: tcp, protocol: TCP}]
          resolution: DNS
        # good
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: db}
        spec:
          hosts: [db.example.com]
          addresses: [10.1.2.3]
          ports: [{number: 5432, name: tcp, protocol: TCP}]
          resolution: DNS
    """
    allocated = entry.labels.get("networking.istio.io/enable-autoallocate-ip") == "true"
    if allocated or entry.spec["addresses"].value or entry.root["status"]["addresses"].value:
        return
    for port in entry.spec["ports"]:
        protocol = port["protocol"]
        if protocol.text.upper() in ("", "TCP"):
            message = "a port of plain TCP needs addresses, or takes all connections to that number"
            yield (protocol or port).fault(message, "name addresses, or the protocol if it is another")
