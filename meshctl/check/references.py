"""The ConfigMaps and Secrets that a pod reads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from meshctl.check.node import Node


class Reference(NamedTuple):
    """`name` is where a pod names a ConfigMap or a Secret; `keys` are what it wants of it, none for all of it."""

    kind: str
    name: Node
    keys: tuple[Node, ...] = ()
    optional: bool = False


def references(spec: Node) -> Iterator[Reference]:
    """Those of a pod's spec."""
    for volume in spec["volumes"]:
        yield from _of_volume(volume["configMap"], volume["secret"], "secretName")
        for source in volume["projected"]["sources"]:
            yield from _of_volume(source["configMap"], source["secret"], "name")
    for container in chain(spec["containers"], spec["initContainers"]):
        for source in container["envFrom"]:
            yield from _reference("ConfigMap", source["configMapRef"])
            yield from _reference("Secret", source["secretRef"])
        for variable in container["env"]:
            origin = variable["valueFrom"]
            for kind, field in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
                yield from _reference(kind, origin[field], keys=(origin[field]["key"],))


def _of_volume(config_map: Node, secret: Node, secret_name: str) -> Iterator[Reference]:
    yield from _reference("ConfigMap", config_map, keys=tuple(item["key"] for item in config_map["items"]))
    yield from _reference("Secret", secret, secret_name, tuple(item["key"] for item in secret["items"]))


def _reference(kind: str, node: Node, name: str = "name", keys: tuple[Node, ...] = ()) -> Iterator[Reference]:
    if node[name].text:
        yield Reference(kind, node[name], keys, node["optional"].value is True)
