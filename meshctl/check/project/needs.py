"""Needs against what the objects say: who is told of whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from meshctl.check.finding import Fault
from meshctl.check.node import Node
from meshctl.check.project.facts import ProjectFacts
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import project_rule
from meshctl.check.subject import Subject
from meshctl.manifest import Address, Manifest, expanded
from meshctl.plan import RANK, reach

_WORD = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")


class Told(NamedTuple):
    """A text that a pod is given, and where it is written."""

    text: str
    node: Node
    manifest: Manifest


class Mention(NamedTuple):
    """`service` is told of `other`."""

    service: str
    other: str
    told: Told


@project_rule("MSH401", "info")
def uncovered_mention(facts: ProjectFacts) -> Iterator[Fault]:
    """A service is told of another one that it does not need.

    A variable, an argument or a ConfigMap names the other's Service. If it cannot do without it, say so: `needs` makes
    a start bring it along, and wait for it. If it can, ignore this.

        # bad
        service: [web, db]
        # templates/web/web.yaml
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1", env: [{name: DB_HOST, value: db}]}]}
        # templates/db/db.yaml
        apiVersion: v1
        kind: Service
        metadata: {name: db}
        spec: {selector: {app: db}, ports: [{port: 5432}]}
        # good
        service: {web: {needs: [db]}, db: {}}
        # templates/web/web.yaml
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1", env: [{name: DB_HOST, value: db}]}]}
        # templates/db/db.yaml
        apiVersion: v1
        kind: Service
        metadata: {name: db}
        spec: {selector: {app: db}, ports: [{port: 5432}]}
    """
    needs = {name: service.needs for name, service in facts.config.services.items()}
    tiers = facts.plan.tiers
    seen: set[tuple[str, str]] = set()
    for service, other, told in _mentions(facts):
        earlier = RANK[tiers[other]] < RANK[tiers[service]]
        if (service, other) in seen or earlier or other in reach(needs, [service]) or service in reach(needs, [other]):
            continue
        seen.add((service, other))
        message = f"{service} is told of {other}, and does not need it"
        advice = f"if it cannot do without: service.{service}.needs: [{other}]"
        yield told.node.fault(message, advice, manifest=told.manifest)


@project_rule("MSH402", "info")
def unsuggested_need(facts: ProjectFacts) -> Iterator[Fault]:
    """A need that no object shows.

    Nothing that the service's pods are told names a Service of the other. The need may be right all the same; if it is
    left over, it makes every start longer. Where the name stands with another namespace, the pods call what is there,
    and not what was started for them.

        # bad
        service: {web: {needs: [db]}, db: {}}
        # templates/web/web.yaml
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1"}]}
        # templates/db/db.yaml
        apiVersion: v1
        kind: Service
        metadata: {name: db}
        spec: {selector: {app: db}, ports: [{port: 5432}]}
        # good
        service: {web: {}, db: {}}
        # templates/web/web.yaml
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec: {containers: [{name: web, image: "web:1"}]}
        # templates/db/db.yaml
        apiVersion: v1
        kind: Service
        metadata: {name: db}
        spec: {selector: {app: db}, ports: [{port: 5432}]}
    """
    mentioned = {(mention.service, mention.other) for mention in _mentions(facts)}
    with_service = {service.service for service in facts.subject.services}
    with_pods = {pod.resource.service for pod in facts.subject.pods}
    routed = _routed(facts.subject)
    for name in facts.plan.services:
        service = facts.config.services[name]
        for need in service.needs:
            told = (name, need) in mentioned or need in routed.get(name, ())
            if name not in with_pods or need not in with_service or told:
                continue
            if strays := _strays(facts.subject, name, need):
                message = f"{name} needs {need}, and is told of it in another namespace only"
                advice = "leave the namespace out, or write {{ namespace }}"
                yield strays[-1].node.fault(message, advice, manifest=strays[-1].manifest)
            else:
                message = f"{name} needs {need}, and nothing that it is told names it"
                where = service.need_where.get(need, service.where)
                yield Fault(message, suggestion="take it out, if it is left over", where=where)


@lru_cache(maxsize=1)
def _mentions(facts: ProjectFacts) -> tuple[Mention, ...]:
    """Who is told of whom, in the order of the objects. Two rules ask, one after the other."""
    return tuple(_all_mentions(facts))


def _all_mentions(facts: ProjectFacts) -> Iterator[Mention]:
    addresses = _addresses(facts.subject)
    for pod in facts.subject.pods:
        service, namespace = pod.resource.service, facts.subject.namespace_of(pod.resource)
        for told in _told(facts.subject, pod):
            for word in dict.fromkeys(_WORD.findall(told.text)):
                for address, other in addresses.get(word, ()):
                    if other != service and other in facts.plan.needs and address.is_named_in(told.text, namespace):
                        yield Mention(service, other, told)


def _strays(subject: Subject, name: str, need: str) -> list[Told]:
    """What the pods of a service are told of Services with the names of the other's, in any namespace."""
    anywhere = [Address(service.ref.name, "", frozenset()) for service in subject.services if service.service == need]
    return [
        told
        for pod in subject.pods
        if pod.resource.service == name
        for told in _told(subject, pod)
        if any(address.is_named_in(told.text, subject.namespace_of(pod.resource)) for address in anywhere)
    ]


def _addresses(subject: Subject) -> Mapping[str, list[tuple[Address, str]]]:
    """The Services of the project by name, each with the service that it belongs to."""
    found: dict[str, list[tuple[Address, str]]] = {}
    for service in subject.services:
        ports = {str(port[key].value) for port in service.spec["ports"] for key in ("port", "targetPort")}
        address = Address(service.ref.name, subject.namespace_of(service), frozenset(ports))
        found.setdefault(service.ref.name, []).append((address, service.service))
    return found


def _told(subject: Subject, pod: Pod) -> Iterator[Told]:
    own = pod.resource.manifest
    for container in pod.containers:
        variables = {
            variable["name"].text: variable["value"].text for variable in container["env"] if variable["value"]
        }
        for variable in container["env"]:
            value = expanded(variable["value"].text, variables)
            yield Told(f"{variable['name'].text}: {value}", variable["value"], own)
        for words in (container["command"], container["args"]):
            yield Told(expanded(" ".join(word.text for word in words), variables), words, own)
    namespace = subject.namespace_of(pod.resource)
    for reference in pod.references:
        config = subject.find("", reference.kind, namespace, reference.name.text)
        if config is not None:
            wanted = {key.text for key in reference.keys}
            yield from (told for key, told in _entries(config) if not wanted or key in wanted)


def _entries(config: Resource) -> Iterator[tuple[str, Told]]:
    """The texts of a ConfigMap or a Secret, those in base64 left out."""
    field = "data" if config.ref.kind == "ConfigMap" else "stringData"
    for key, node in config.root[field].children():
        yield key, Told(f"{key}: {node.text}", node, config.manifest)


def _routed(subject: Subject) -> Mapping[str, set[str]]:
    """The services that the routes of a service lead to."""
    owners = {service.ref.name: service.service for service in subject.services}
    found: dict[str, set[str]] = {}
    for route in subject.kind("networking.istio.io", "VirtualService"):
        for host in _hosts(route.spec.value):
            if owner := owners.get(host.partition(".")[0]):
                found.setdefault(route.service, set()).add(owner)
    return found


def _hosts(value: object) -> Iterator[str]:
    """Every `host` in a structure."""
    if isinstance(value, dict):
        for key, child in value.items():
            if key == "host" and isinstance(child, str):
                yield child
            yield from _hosts(child)
    elif isinstance(value, list):
        for child in value:
            yield from _hosts(child)
