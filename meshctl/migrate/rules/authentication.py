"""M12: policies of authentication.istio.io: who has to have a certificate, and who a token."""

from __future__ import annotations

from typing import Any

from meshctl.migrate.manifests import Manifest, of_kind
from meshctl.migrate.rules.conditions import Inexpressible
from meshctl.migrate.rules.context import Context
from meshctl.migrate.rules.policies import ROOT, convert, policy


def authentication(context: Context) -> None:
    """Of services, of namespaces and of the mesh."""
    for manifest in of_kind(context.manifests, "authentication.istio.io", "Policy", "MeshPolicy"):
        convert(context, manifest, _policies)


def _policies(context: Context, manifest: Manifest) -> list[dict[str, Any]]:
    """One PeerAuthentication for each target, and what its origins ask for. Raises Inexpressible."""
    spec = manifest.get("spec") or {}
    namespace = ROOT if manifest.kind == "MeshPolicy" else manifest.namespace
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
    bodies = [policy("PeerAuthentication", name if target else "default", namespace, {**selector, **mtls})]
    tokens = [origin.get("jwt") or {} for origin in spec.get("origins") or []]
    if tokens:
        rules = [_jwt(token) for token in tokens]
        bodies.append(policy("RequestAuthentication", name, namespace, {**selector, "jwtRules": rules}))
    if tokens and not _is_true(spec.get("originIsOptional")):
        required = {**selector, "action": "DENY", "rules": _without_token(tokens, ports)}
        bodies.append(policy("AuthorizationPolicy", name, namespace, required))
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
