"""The shapes of the old kinds: Istio refused an object of any other, so nobody can say what was meant by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from meshctl.migrate.manifests import Manifest
from meshctl.migrate.rules.conditions import Inexpressible
from meshctl.migrate.rules.handlers import GROUP, adapter
from meshctl.yamlio import Node

TEXT: Final = "a single value"
"""A text, a number or a boolean; as a list has one item for all of its own, a mapping has `*` for all of its keys."""
_KINDS = {"mapping": "a mapping", "sequence": "a list", "scalar": TEXT, "alias": "an alias"}
_TEXTS = [TEXT]
_ANY = {"*": TEXT}
_METADATA = {"name": TEXT, "namespace": TEXT}

_QUOTA = {"maxAmount": TEXT, "validDuration": TEXT}
_QUOTAS = {"quotas": [{**_QUOTA, "overrides": [{**_QUOTA, "dimensions": _ANY}]}]}
_PARAMETERS: dict[str, Any] = {
    "denier": {"status": {"code": TEXT}},
    "memquota": _QUOTAS,
    "redisquota": _QUOTAS,
    "listchecker": {"providerUrl": TEXT, "overrides": _TEXTS, "blacklist": TEXT},
    "listentry": {"value": TEXT},
    "quota": {"dimensions": _ANY},
}
_JWT = {
    **dict.fromkeys(("issuer", "jwksUri", "jwks"), TEXT),
    **dict.fromkeys(("audiences", "jwtHeaders", "jwtParams"), _TEXTS),
}
_PATHS = [dict.fromkeys(("exact", "prefix", "suffix", "regex"), TEXT)]
_AUTHENTICATION = {
    "targets": [{"name": TEXT, "ports": [{"name": TEXT, "number": TEXT}]}],
    "peers": [{"mtls": {"mode": TEXT, "allowTls": TEXT}}],
    "peerIsOptional": TEXT,
    "origins": [{"jwt": {**_JWT, "triggerRules": [{"includedPaths": _PATHS, "excludedPaths": _PATHS}]}}],
    "principalBinding": TEXT,
    "originIsOptional": TEXT,
}
_ACCESS = {
    **dict.fromkeys(("services", "paths", "methods", "hosts", "ports"), _TEXTS),
    **dict.fromkeys(("notPaths", "notMethods", "notHosts", "notPorts"), _TEXTS),
    "constraints": [{"key": TEXT, "values": _TEXTS}],
}
_SUBJECT = dict.fromkeys(("names", "namespaces", "ips", "notNames", "notNamespaces", "notIps"), _TEXTS)
_RBAC = {"mode": TEXT, "enforcementMode": TEXT, "inclusion": {"services": _TEXTS, "namespaces": _TEXTS}}
_SPECS: dict[tuple[str, str], Any] = {
    (GROUP, "rule"): {"match": TEXT, "actions": [{"handler": TEXT, "instances": _TEXTS}]},
    (GROUP, "QuotaSpec"): {"rules": [{"quotas": [{"charge": TEXT}]}]},
    (GROUP, "QuotaSpecBinding"): {"services": [{"name": TEXT}]},
    ("authentication.istio.io", "Policy"): _AUTHENTICATION,
    ("authentication.istio.io", "MeshPolicy"): _AUTHENTICATION,
    ("rbac.istio.io", "ServiceRole"): {"rules": [_ACCESS]},
    ("rbac.istio.io", "ServiceRoleBinding"): {
        "roleRef": {"name": TEXT},
        "mode": TEXT,
        "subjects": [{"user": TEXT, "properties": _ANY, **_SUBJECT}],
    },
    ("rbac.istio.io", "RbacConfig"): _RBAC,
    ("rbac.istio.io", "ClusterRbacConfig"): _RBAC,
}


def expect(*manifests: Manifest) -> None:
    """Raises Inexpressible with every place of theirs that is not as their kinds have it."""
    odd = [reason for each in manifests for reason in _reasons(each)]
    if odd:
        raise Inexpressible("; ".join(odd))


def _reasons(manifest: Manifest) -> Iterator[str]:
    for path, reason in _odd({"metadata": _METADATA, "spec": _spec(manifest)}, manifest.node, ""):
        yield f"{manifest}: {path.removeprefix('.')} {reason}"


def _spec(manifest: Manifest) -> Any:
    if shape := _SPECS.get((manifest.group, manifest.kind)):
        return shape
    parameters = _PARAMETERS.get(adapter(manifest), {})
    if manifest.kind in ("handler", "instance"):
        return {"params": parameters}
    return parameters


def _odd(shape: Any, node: Node, path: str) -> Iterator[tuple[str, str]]:
    wanted, found = _kind_of_shape(shape), _KINDS[node.kind]
    if node.kind == "scalar" and node.value is None:
        found = "empty"
    if found != wanted:
        yield path, f"is {found}, not {wanted}"
    elif isinstance(shape, list):
        for number, item in enumerate(node.items):
            yield from _odd(shape[0], item, f"{path}[{number}]")
    elif isinstance(shape, dict):
        for key, value in node.entries:
            yield from _entry(shape, str(key.value), value, path)


def _kind_of_shape(shape: Any) -> str:
    return "a list" if isinstance(shape, list) else "a mapping" if isinstance(shape, dict) else TEXT


def _entry(shape: Mapping[str, Any], name: str, value: Node, path: str) -> Iterator[tuple[str, str]]:
    """A key without a value is the same as none; an alias stands for something that is not looked up."""
    if "*" in shape:
        yield from _odd(shape["*"], value, f"{path}.{name}")
    elif value.kind == "alias":
        yield f"{path}.{name}", "is an alias"
    elif name in shape and not (value.kind == "scalar" and value.value is None):
        yield from _odd(shape[name], value, f"{path}.{name}")
