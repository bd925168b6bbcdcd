"""M12: authentication.istio.io and rbac.istio.io as the policies of today."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from meshctl import yamlio
from meshctl.migrate.edits import commented
from meshctl.migrate.manifests import Manifest, of_kind
from meshctl.migrate.rules.conditions import Inexpressible
from meshctl.migrate.rules.context import Context
from meshctl.migrate.rules.shapes import expect

_SECURITY = "security.istio.io/v1"
_WHY = "Istio has had no such kind since 1.6"
_ROOT = "istio-system"
_Maker = Callable[[Context, Manifest], list[dict[str, Any]]]
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


def authentication(context: Context) -> None:
    """Policies and mesh policies, then roles with their bindings."""
    for manifest in of_kind(context.manifests, "authentication.istio.io", "Policy", "MeshPolicy"):
        _convert(context, manifest, _policies)
    bindings = of_kind(context.manifests, "rbac.istio.io", "ServiceRoleBinding")
    refused = [manifest for manifest in bindings if not _convert(context, manifest, _allowed)]
    needed = {str(each.get("spec", "roleRef", "name")) for each in refused}
    for manifest in of_kind(context.manifests, "rbac.istio.io", "RbacConfig", "ClusterRbacConfig"):
        _convert(context, manifest, _denied)
    for manifest in of_kind(context.manifests, "rbac.istio.io", "ServiceRole"):
        kept = manifest.name in needed
        context.edits.tell("M12", "refused" if kept else "removed", manifest, manifest.node, f"{manifest}", _WHY)
        context.edits.remove(manifest, commented(_document(manifest), "see its binding") if kept else "")


def _document(manifest: Manifest) -> str:
    return manifest.source[manifest.start : manifest.end]


def _convert(context: Context, manifest: Manifest, make: _Maker) -> bool:
    """Whether it could be carried over."""
    try:
        expect(manifest)
        bodies = make(context, manifest)
    except Inexpressible as reason:
        context.edits.tell("M12", "refused", manifest, manifest.node, f"{manifest} was not carried over", str(reason))
        context.edits.remove(manifest, commented(_document(manifest), f"M12: {reason}"))
        return False
    made = ", ".join(f"{body['kind']} {body['metadata']['name']}" for body in bodies)
    told = f"{manifest} is now {made}" if made else f"{manifest}"
    context.edits.tell("M12", "changed" if made else "removed", manifest, manifest.node, told, _WHY)
    context.edits.remove(manifest, yamlio.dump_all(bodies))
    return True


def _policies(context: Context, manifest: Manifest) -> list[dict[str, Any]]:
    """One PeerAuthentication for each target, and what its origins ask for. Raises Inexpressible."""
    spec = manifest.get("spec") or {}
    namespace = _ROOT if manifest.kind == "MeshPolicy" else manifest.namespace
    targets = spec.get("targets") or [None]
    names = [target["name"] for target in targets if target and target.get("name")]
    if len(set(names)) < len(names):
        raise Inexpressible("a target twice")
    if _is_true(spec.get("peerIsOptional")) and spec.get("peers"):
        message = f"{manifest}: peerIsOptional is nothing that Istio has today"
        why = "the sidecars asked for a certificate nevertheless, and go on asking"
        context.edits.tell("M12", "look", manifest, manifest.node, message, why)
    return [
        body
        for target in targets
        for body in _for_target(context, manifest, spec, target, namespace, single=len(targets) == 1)
    ]


def _for_target(
    context: Context, manifest: Manifest, spec: dict[str, Any], target: Any, namespace: str, *, single: bool
) -> list[dict[str, Any]]:
    if target is not None and not target.get("name"):
        raise Inexpressible("a target without a name")
    selector, ports = {}, []
    name = manifest.name if single else f"{manifest.name}-{target['name']}"
    if target:
        selector = {"selector": {"matchLabels": context.pods_behind(str(target["name"]))}}
        (service,) = context.services(str(target["name"]))
        ports = [_target_port(service, port) for port in target.get("ports") or []]
    mode = _mode(spec.get("peers"))
    mtls = {"portLevelMtls": {str(port): {"mode": mode} for port in ports}} if ports else {"mtls": {"mode": mode}}
    bodies = [_body("PeerAuthentication", name if target else "default", namespace, {**selector, **mtls})]
    tokens = [origin.get("jwt") or {} for origin in spec.get("origins") or []]
    if tokens:
        rules = [_jwt(token) for token in tokens]
        bodies.append(_body("RequestAuthentication", name, namespace, {**selector, "jwtRules": rules}))
    if tokens and not _is_true(spec.get("originIsOptional")):
        required = {**selector, "action": "DENY", "rules": _without_token(tokens, ports)}
        bodies.append(_body("AuthorizationPolicy", name, namespace, required))
    return bodies


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _mode(peers: Any) -> str:
    if not peers:
        return "DISABLE"
    if "mtls" not in (peers[0] or {}):
        raise Inexpressible("peers that are no mtls")
    mtls = peers[0]["mtls"] or {}
    if _is_true(mtls.get("allowTls")):
        raise Inexpressible("peers with TLS and no certificate of their own")
    return "PERMISSIVE" if mtls.get("mode") == "PERMISSIVE" else "STRICT"


def _without_token(tokens: list[dict[str, Any]], ports: list[Any]) -> list[dict[str, Any]]:
    """What to deny; allowing who has a token would let everyone with one past other policies. Raises Inexpressible."""
    triggers = [rule for token in tokens for rule in token.get("triggerRules") or []]
    if triggers and len(tokens) > 1:
        raise Inexpressible("a token that only some paths need, beside another")
    rules = []
    for trigger in triggers or [{}]:
        operation = {
            "ports": [str(port) for port in ports],
            "paths": [_path(each) for each in trigger.get("includedPaths") or []],
            "notPaths": [_path(each) for each in trigger.get("excludedPaths") or []],
        }
        given = {key: values for key, values in operation.items() if values}
        source = {"source": {"notRequestPrincipals": ["*"]}}
        rules.append({"from": [source], **({"to": [{"operation": given}]} if given else {})})
    return rules


def _path(match: dict[str, Any]) -> str:
    for kind, form in (("exact", "{}"), ("prefix", "{}*"), ("suffix", "*{}")):
        if match.get(kind):
            return form.format(match[kind])
    raise Inexpressible("a path by a regular expression")


def _target_port(service: Manifest, port: Any) -> Any:
    """The port of the pods: portLevelMtls knows no other. Raises Inexpressible."""
    for each in service.entries("spec", "ports"):
        if port.get("number") == each.get("port") or (port.get("name") and port.get("name") == each.get("name")):
            target = each.get("targetPort", each.get("port"))
            if isinstance(target, int):
                return target
    raise Inexpressible(f"no number of the pods' port is known for port {port.get('number') or port.get('name')}")


def _jwt(token: dict[str, Any]) -> dict[str, Any]:
    jwt = {key: value for key, value in token.items() if key != "triggerRules"}
    headers, parameters = jwt.pop("jwtHeaders", None), jwt.pop("jwtParams", None)
    if headers:
        jwt["fromHeaders"] = [{"name": name} for name in headers]
    if parameters:
        jwt["fromParams"] = parameters
    return jwt


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
        _body("AuthorizationPolicy", name, binding.namespace, spec) for name, spec in zip(names, specs, strict=True)
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
        return [_body("AuthorizationPolicy", "allow-nothing", _ROOT, {})]
    inclusion = spec.get("inclusion") or {}
    if mode != "ON_WITH_INCLUSION" or not inclusion:
        raise Inexpressible("whatever is not excluded was denied: no policy says that")
    policies = [
        _body("AuthorizationPolicy", "allow-nothing", str(name), {}) for name in inclusion.get("namespaces") or []
    ]
    for host in map(str, inclusion.get("services") or []):
        chosen = {"selector": {"matchLabels": context.pods_behind(host)}}
        policies.append(_body("AuthorizationPolicy", f"allow-nothing-to-{host.partition('.')[0]}", "", chosen))
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


def _body(kind: str, name: str, namespace: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": _SECURITY, "kind": kind, "metadata": metadata, "spec": spec}
