"""Which service needs which: found in what a workload is told, with the place as evidence."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from meshctl.importing.references import ROUTES, get, items, mapping, targets, texts
from meshctl.importing.sources import Original
from meshctl.manifest import NAMESPACE_SERVICE, Address, config_references, expanded, pod_template

ENVIRONMENT, ARGUMENTS, CONFIGURATION = 3, 2, 1
"""How much a place says: a variable is set for this very container, a file may be about more than one."""


class Told(NamedTuple):
    """A text that a workload is given, and where."""

    text: str
    strength: int
    place: str


@dataclass(frozen=True)
class Need:
    """`service` needs `other`, as `evidence` shows."""

    service: str
    other: str
    strength: int
    evidence: str


def needs(services: Mapping[str, Sequence[Original]]) -> tuple[list[Need], list[Need]]:
    """The needs, in the services' order, and those that are left out because they would close a cycle."""
    found = sorted(_found(services), key=lambda need: -need.strength)
    kept: list[Need] = []
    left_out: list[Need] = []
    for need in found:
        (left_out if _reaches(kept, need.other, need.service) else kept).append(need)
    order = {name: number for number, name in enumerate(services)}
    return sorted(kept, key=lambda need: (order[need.service], order[need.other])), left_out


def _found(services: Mapping[str, Sequence[Original]]) -> Iterator[Need]:
    """Each need once, by its strongest evidence."""
    addresses = list(_addresses(services))
    configs = {
        (source.ref.kind, source.ref.name, source.ref.namespace): source
        for each in services.values()
        for source in each
        if source.ref.kind in ("ConfigMap", "Secret")
    }
    for service, sources in services.items():
        if service == NAMESPACE_SERVICE:
            continue
        best: dict[str, Need] = {}
        for need in (*_told_needs(service, sources, addresses, configs), *_routed(service, sources, addresses)):
            if need.other not in best or best[need.other].strength < need.strength:
                best[need.other] = need
        yield from best.values()


def _addresses(services: Mapping[str, Sequence[Original]]) -> Iterator[tuple[Address, str]]:
    """The Services that have pods of a service behind them, and that service."""
    for service, sources in services.items():
        if service == NAMESPACE_SERVICE or not any(pod_template(source.body) for source in sources):
            continue
        behind = {port for source in sources for port in _container_ports(source.body)}
        for source in sources:
            if source.ref.group_kind == ("", "Service"):
                yield Address(source.ref.name, source.ref.namespace, frozenset(_ports(source.body) | behind)), service


def _ports(body: Mapping[str, Any]) -> set[str]:
    ports = items(get(body, "spec", "ports"))
    return {str(port[key]) for port in ports for key in ("port", "targetPort") if isinstance(port.get(key), int)}


def _container_ports(body: Mapping[str, Any]) -> Iterator[str]:
    for container in items(get(pod_template(body) or {}, "spec", "containers")):
        yield from (str(port["containerPort"]) for port in items(container.get("ports")) if "containerPort" in port)


def _told_needs(
    service: str,
    sources: Iterable[Original],
    addresses: Sequence[tuple[Address, str]],
    configs: Mapping[tuple[str, str, str], Original],
) -> Iterator[Need]:
    for source in sources:
        for told in _told(source, configs):
            for address, other in addresses:
                if other != service and address.is_named_in(told.text, source.ref.namespace):
                    yield Need(service, other, told.strength, f"{told.place} of {source.ref}")


def _routed(service: str, sources: Iterable[Original], addresses: Sequence[tuple[Address, str]]) -> Iterator[Need]:
    """A service that is made of routes alone needs those that it routes to."""
    for source in sources:
        if source.ref.kind in ROUTES:
            names = {named.name for named in targets(source.body)}
            for address, other in addresses:
                if other != service and address.name in names and not any(pod_template(each.body) for each in sources):
                    yield Need(service, other, CONFIGURATION, f"a route of {source.ref}")


def _told(source: Original, configs: Mapping[tuple[str, str, str], Original]) -> Iterator[Told]:
    template = pod_template(source.body)
    if template is None:
        return
    spec = mapping(template, "spec")
    whole = config_references(template) - _single_references(spec)
    for container in [*items(spec.get("initContainers")), *items(spec.get("containers"))]:
        variables = dict(_environment(container, source, configs))
        for name, value in variables.items():
            yield Told(f"{name}: {expanded(value, variables)}", ENVIRONMENT, name)
        words = [*texts(container.get("command")), *texts(container.get("args"))]
        yield Told(expanded(" ".join(words), variables), ARGUMENTS, "arguments")
    for kind, name in sorted(whole):
        config = configs.get((kind, name, source.ref.namespace))
        for key, text in _entries(config).items():
            yield Told(f"{key}: {text}", CONFIGURATION, f"{kind} {name}, {key},")


def _environment(
    container: Mapping[str, Any], source: Original, configs: Mapping[tuple[str, str, str], Original]
) -> Iterator[tuple[str, str]]:
    """The variables of a container whose values are known."""
    for variable in items(container.get("env")):
        name, value = str(variable.get("name")), variable.get("value")
        if value is not None:
            yield name, str(value)
        for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            reference = get(variable, "valueFrom", field)
            config = configs.get((kind, str(get(reference, "name")), source.ref.namespace))
            text = _entries(config).get(str(get(reference, "key")))
            if text is not None:
                yield name, text


def _single_references(spec: Mapping[str, Any]) -> set[tuple[str, str]]:
    """ConfigMaps and Secrets of which a pod sees single keys only."""
    single: set[tuple[str, str]] = set()
    every: set[tuple[str, str]] = config_references({"spec": {**spec, "containers": [], "initContainers": []}})
    for container in [*items(spec.get("initContainers")), *items(spec.get("containers"))]:
        every |= config_references({"spec": {"containers": [{"envFrom": container.get("envFrom")}]}})
        single |= config_references({"spec": {"containers": [{"env": container.get("env")}]}})
    return single - every


def _entries(config: Original | None) -> dict[str, str]:
    """The texts of a ConfigMap or a Secret; what is no text is left out."""
    if config is None:
        return {}
    encoded = mapping(config.body, "data")
    plain = {**encoded, **mapping(config.body, "stringData")}
    if config.ref.kind == "ConfigMap":
        return {str(key): str(value) for key, value in plain.items()}
    return {
        str(key): text
        for key, value in plain.items()
        if (text := _decoded(str(value)) if key in encoded else str(value)) is not None
    }


def _decoded(value: str) -> str | None:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _reaches(needs: Iterable[Need], start: str, end: str) -> bool:
    found, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        for need in needs:
            if need.service == here and need.other not in found:
                found.add(need.other)
                waiting.append(need.other)
    return end in found
