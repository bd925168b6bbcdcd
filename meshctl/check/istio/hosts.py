"""The hosts of the mesh: what a destination can be, and who sees it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

from meshctl.check.istio.host_index import HostIndex
from meshctl.check.istio.kinds import NETWORKING
from meshctl.check.istio.names import CLUSTER_DOMAIN, expanded, service_name
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
        self._hosts = (*_services(subject), *_entries(subject))
        self._index = HostIndex((host.name, host) for host in self._hosts)
        self._said: dict[str, defaultdict[bool, list[str]]] = {}
        self.namespaces = {subject.namespace_of(service) for service in subject.services}

    def find(self, name: str, namespaces: Iterable[str]) -> Host | None:
        """The host of a full name as who is in these namespaces sees it; None if they see none. For a name with a
        wildcard, one that it shares hosts with."""
        seen = tuple(namespaces)
        candidates = (host for _, host in self._index.overlapping(name))
        return next((host for host in candidates if host.is_seen_from(seen)), None)

    def knows(self, name: str, namespace: str) -> bool:
        """Whether the objects at hand would have the host if it existed: there are Services in the namespace where it
        would be. A host outside of the cluster would be entered from the namespace of who names it."""
        service = service_name(name)
        return (service[0] if service else namespace) in self.namespaces

    @cached_property
    def names(self) -> frozenset[str]:
        """The full names, wildcards left out."""
        return frozenset(host.name for host in self._hosts if not host.name.startswith("*"))

    def like(self, said: str, namespace: str) -> Sequence[str]:
        """What somebody in a namespace could mean who says a name: those with dots for one with dots, else the short
        names of that namespace."""
        if namespace not in self._said:
            end = f".{namespace}.svc.{CLUSTER_DOMAIN}"
            self._said[namespace] = defaultdict(list)
            for name in (each.removesuffix(end) for each in self.names):
                self._said[namespace]["." in name].append(name)
        return self._said[namespace].get("." in said, [])


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


_HOSTS: WeakKeyDictionary[Subject, Hosts] = WeakKeyDictionary()


def hosts_of(subject: Subject) -> Hosts:
    """The hosts of a subject, collected once."""
    if subject not in _HOSTS:
        _HOSTS[subject] = Hosts(subject)
    return _HOSTS[subject]
