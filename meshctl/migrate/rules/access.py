"""M12: rbac.istio.io: who may do what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from meshctl.migrate.edits import commented
from meshctl.migrate.manifests import Manifest, of_kind
from meshctl.migrate.rules.conditions import Inexpressible
from meshctl.migrate.rules.context import Context
from meshctl.migrate.rules.policies import ROOT, WHY, convert, document, policy
from meshctl.migrate.rules.shapes import expect

_OPERATIONS = ("paths", "methods", "hosts", "ports", "notPaths", "notMethods", "notHosts", "notPorts")
_SUBJECTS = {
    "names": "principals",
    "namespaces": "namespaces",
    "ips": "ipBlocks",
    "notNames": "notPrincipals",
    "notNamespaces": "notNamespaces",
    "notIps": "notIpBlocks",
}
_PROPERTIES = {
    "source.namespace": "namespaces",
    "source.principal": "principals",
    "source.ip": "ipBlocks",
    "request.auth.principal": "requestPrincipals",
}


def access(context: Context) -> None:
    """Bindings with their roles, which go with the last of them, and whether any of it was on."""
    bindings = of_kind(context.manifests, "rbac.istio.io", "ServiceRoleBinding")
    refused = [manifest for manifest in bindings if not convert(context, manifest, _allowed)]
    needed = {str(each.get("spec", "roleRef", "name")) for each in refused}
    for manifest in of_kind(context.manifests, "rbac.istio.io", "RbacConfig", "ClusterRbacConfig"):
        convert(context, manifest, _denied)
    for manifest in of_kind(context.manifests, "rbac.istio.io", "ServiceRole"):
        kept = manifest.name in needed
        context.edits.tell("M12", "refused" if kept else "removed", manifest, manifest.node, f"{manifest}", WHY)
        context.edits.remove(manifest, commented(document(manifest), "see its binding") if kept else "")


def _allowed(context: Context, binding: Manifest) -> list[dict[str, Any]]:
    """An ALLOW policy for each service of each rule of the role that is bound. Raises Inexpressible."""
    name = binding.get("spec", "roleRef", "name")
    roles = [each for each in of_kind(context.manifests, "rbac.istio.io", "ServiceRole") if each.name == name]
    for config in of_kind(context.manifests, "rbac.istio.io", "RbacConfig", "ClusterRbacConfig"):
        if config.mapping("spec").get("mode") in (None, "OFF") or _is_logged(config.mapping("spec")):
            raise Inexpressible(f"{config} had it decide nothing, and a policy would")
    if binding.get("spec", "mode") == "PERMISSIVE":
        raise Inexpressible("its mode is PERMISSIVE: what it said was logged, and decided nothing")
    if len(roles) != 1:
        raise Inexpressible(f"there is no ServiceRole {name} in the project")
    expect(*roles)
    sources = [_source(subject) for subject in binding.get("spec", "subjects") or []]
    rules = roles[0].get("spec", "rules") or []
    specs = [_allow(context, rule, str(host), sources) for rule in rules for host in rule.get("services") or ["*"]]
    names = [binding.name] if len(specs) == 1 else [f"{binding.name}-{number}" for number in range(1, len(specs) + 1)]
    return [
        policy("AuthorizationPolicy", name, binding.namespace, spec) for name, spec in zip(names, specs, strict=True)
    ]


def _allow(context: Context, rule: dict[str, Any], host: str, sources: list[Any]) -> dict[str, Any]:
    if others := rule.keys() - {"services", "constraints", *_OPERATIONS}:
        raise Inexpressible(f"access by {', '.join(sorted(others))}")
    labels, when = _constraints(rule)
    if host != "*":
        labels = {**context.pods_behind(host), **labels}
    given = {key: [str(value) for value in rule.get(key) or []] for key in _OPERATIONS}
    operation = {key: values for key, values in given.items() if values and values != ["*"]}
    found: dict[str, Any] = {"from": sources} if any(sources) else {}
    if operation:
        found["to"] = [{"operation": operation}]
    if when:
        found["when"] = when
    return {**({"selector": {"matchLabels": labels}} if labels else {}), "rules": [found]}


def _constraints(rule: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Labels of the destination, and conditions. Raises Inexpressible."""
    labels: dict[str, Any] = {}
    when: list[dict[str, Any]] = []
    for constraint in rule.get("constraints") or []:
        key, values = str(constraint.get("key")), constraint.get("values") or []
        label = re.fullmatch(r"destination\.labels\[(.+)\]", key)
        if label and len(values) == 1:
            labels[label[1]] = values[0]
        elif re.fullmatch(r"request\.headers\[.+\]|destination\.(?:ip|port)", key):
            when.append({"key": key, "values": values})
        else:
            raise Inexpressible(f"a constraint by {key}")
    return labels, when


def _denied(context: Context, manifest: Manifest) -> list[dict[str, Any]]:
    """Where RBAC was on, what no role allowed was denied: a policy without rules. Raises Inexpressible."""
    spec = manifest.get("spec") or {}
    mode = str(spec.get("mode") or "OFF")
    if mode == "OFF":
        return []
    if _is_logged(spec):
        raise Inexpressible("its enforcementMode is PERMISSIVE: what it said was logged, and decided nothing")
    if mode == "ON":
        return [policy("AuthorizationPolicy", "allow-nothing", ROOT, {})]
    inclusion = spec.get("inclusion") or {}
    if mode != "ON_WITH_INCLUSION" or not inclusion:
        raise Inexpressible("whatever is not excluded was denied: no policy says that")
    policies = [
        policy("AuthorizationPolicy", "allow-nothing", str(name), {}) for name in inclusion.get("namespaces") or []
    ]
    for host in map(str, inclusion.get("services") or []):
        chosen = {"selector": {"matchLabels": context.pods_behind(host)}}
        policies.append(policy("AuthorizationPolicy", f"allow-nothing-to-{host.partition('.')[0]}", "", chosen))
    return policies


def _is_logged(spec: Mapping[str, Any]) -> bool:
    return "PERMISSIVE" in (spec.get("enforcementMode"), spec.get("enforcement_mode"))


def _source(subject: dict[str, Any]) -> dict[str, Any]:
    if others := subject.keys() - {"user", "properties", *_SUBJECTS}:
        raise Inexpressible(f"subjects by {', '.join(sorted(others))}")
    source: dict[str, list[str]] = {new: subject[old] for old, new in _SUBJECTS.items() if subject.get(old)}
    user = subject.get("user")
    if user and user != "*":
        source["principals"] = [user, *source.get("principals", [])]
    for key, value in (subject.get("properties") or {}).items():
        if key not in _PROPERTIES:
            raise Inexpressible(f"subjects by {key}")
        if _PROPERTIES[key] in source:
            raise Inexpressible(f"subjects by {key} and by another field for the same")
        source[_PROPERTIES[key]] = [value]
    return {"source": source} if source else {}
