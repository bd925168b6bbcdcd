"""The hosts of the mesh: what a destination can be, and who sees it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from weakref import WeakKeyDictionary

from meshctl.check.istio.kinds import NETWORKING
from meshctl.check.istio.names import CLUSTER_DOMAIN, expanded, overlap, service_name
from meshctl.check.istio.values import texts
from meshctl.check.resource import Resource
from meshctl.check.subject import Subject

EVERYWHERE = frozenset({"*"})
_EXPORT_TO = "networking.istio.io/exportTo"


@dataclass(frozen=True, eq=False)
class Host:
    """A Service, or a host of a ServiceEntry. `visible` are the namespaces that see it."""

    name: str
    resource: Resource
    ports: tuple[int, ...]
    visible: frozenset[str]

    def is_seen_from(self, namespaces: Iterable[str]) -> bool:
        return "*" in self.visible or all(each in self.visible for each in namespaces)


class Hosts:
    """All hosts of a subject; short names are those of who says them."""

    def __init__(self, subject: Subject) -> None:
        self._exact: dict[str, list[Host]] = defaultdict(list)
        self._wildcards: list[Host] = []
        self.namespaces = {subject.namespace_of(service) for service in subject.services}
        for host in (*_services(subject), *_entries(subject)):
            if host.name.startswith("*"):
                self._wildcards.append(host)
            else:
                self._exact[host.name].append(host)

    def find(self, name: str, namespaces: Iterable[str]) -> Host | None:
        """The host of a full name as who is in these namespaces sees it; None if they see none."""
        seen = tuple(namespaces)
        candidates: Iterator[Host] = chain(self._exact.get(name, ()), self._covering(name))
        return next((host for host in candidates if host.is_seen_from(seen)), None)

    def _covering(self, name: str) -> Iterator[Host]:
        """Entries with a wildcard that the name is in; for a name with a wildcard, all that it shares hosts with."""
        if name.startswith("*"):
            yield from (host for hosts in self._exact.values() for host in hosts if overlap(host.name, name))
        yield from (host for host in self._wildcards if overlap(host.name, name))

    def knows(self, name: str, namespace: str) -> bool:
        """Whether the objects at hand would have the host if it existed: there are Services in the namespace where it
        would be. A host outside of the cluster would be entered from the namespace of who names it."""
        service = service_name(name)
        return (service[0] if service else namespace) in self.namespaces

    @property
    def names(self) -> Mapping[str, list[Host]]:
        return self._exact


def _services(subject: Subject) -> Iterator[Host]:
    for service in subject.services:
        namespace = subject.namespace_of(service)
        ports = tuple(port["port"].number or 0 for port in service.spec["ports"])
        listed = str(service.annotations.get(_EXPORT_TO) or "*").split(",")
        name = f"{service.ref.name}.{namespace}.svc.{CLUSTER_DOMAIN}"
        yield Host(name, service, ports, scope((each.strip() for each in listed), namespace))


def _entries(subject: Subject) -> Iterator[Host]:
    for entry in subject.kind(NETWORKING, "ServiceEntry"):
        namespace = subject.namespace_of(entry)
        ports = tuple(port["number"].number or 0 for port in entry.spec["ports"])
        for _, host in texts(entry.spec["hosts"]):
            yield Host(expanded(host, namespace), entry, ports, visibility(entry, namespace))


def visibility(resource: Resource, namespace: str) -> frozenset[str]:
    """The namespaces that see an object with `exportTo`; all, where it does not say."""
    return scope((text for _, text in texts(resource.spec["exportTo"])), namespace) or EVERYWHERE


def scope(exported: Iterable[str], namespace: str) -> frozenset[str]:
    return frozenset(namespace if each == "." else each for each in exported)


def share_a_namespace(one: frozenset[str], other: frozenset[str]) -> bool:
    return "*" in one or "*" in other or bool(one & other)


_HOSTS: WeakKeyDictionary[Subject, Hosts] = WeakKeyDictionary()


def hosts_of(subject: Subject) -> Hosts:
    """The hosts of a subject, collected once."""
    if subject not in _HOSTS:
        _HOSTS[subject] = Hosts(subject)
    return _HOSTS[subject]
