"""What a denier or a list of Mixer denied, as an AuthorizationPolicy, or as a route where no policy says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meshctl.migrate.manifests import Manifest, of_kind
from meshctl.migrate.rules.conditions import Condition, Inexpressible
from meshctl.migrate.rules.context import Context


def policy(context: Context, rule: Manifest, condition: Condition) -> dict[str, Any] | None:
    """None when the source has no identity but its labels. Raises Inexpressible."""
    if condition.source_labels:
        if condition.source_labels.get("istio") == "ingressgateway":
            raise Inexpressible("a policy for the gateway itself has to be in the gateway's namespace")
        account = context.own_account(condition.source_labels)
        if not account:
            return None
        condition.source["principals"] = [f"*/sa/{account}"]
    selector = _selected(context, condition)
    metadata = {"name": rule.name, **({"namespace": rule.namespace} if rule.namespace else {})}
    spec = {
        **({"selector": {"matchLabels": selector}} if selector else {}),
        "action": "DENY",
        "rules": [condition.rule()],
    }
    return {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": metadata, "spec": spec}


def _selected(context: Context, condition: Condition) -> dict[str, Any]:
    """The labels of the destination's pods. Raises Inexpressible."""
    labels: dict[str, Any] = dict(condition.destination_labels)
    if condition.destination_service:
        labels = {**context.pods_behind(condition.destination_service), **labels}
    return labels


def denied_by_clients(context: Context, rule: Manifest, condition: Condition) -> dict[str, Any]:
    """The fallback: callers with these labels are answered 403 by their own sidecars. Raises Inexpressible."""
    labels = condition.destination_labels
    service = context.service_of(labels)
    if service is None or condition.source or condition.operation or condition.when:
        raise Inexpressible(f"{told(condition.source_labels)}: no policy knows the source's labels")
    advice = "give those pods a service account of their own, and deny its principal"
    if service.get("spec", "selector") != labels:
        way = f"{told(condition.source_labels)} to {told(labels)}"
        raise Inexpressible(
            f"{way}: no policy knows the source's labels, and no route the pods of one version; {advice}"
        )
    if any(_may_route(each, service.name) for each in _virtual_services(context)):
        raise Inexpressible(f"no policy knows the source's labels, and {service.name} has a VirtualService: {advice}")
    denial = {"status": 403, "body": {"string": "denied"}}
    rules = [
        {"match": [{"sourceLabels": condition.source_labels}], "directResponse": denial},
        {"route": [{"destination": {"host": service.name}}]},
    ]
    metadata = {"name": rule.name, **({"namespace": rule.namespace} if rule.namespace else {})}
    spec = {"hosts": [service.name], "http": rules}
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata, "spec": spec}


def _virtual_services(context: Context) -> list[Manifest]:
    return of_kind(context.manifests, "networking.istio.io", "VirtualService")


def _may_route(virtual_service: Manifest, host: str) -> bool:
    """What is no list may be an action that makes one of any hosts."""
    hosts = virtual_service.get("spec", "hosts")
    return host in hosts if isinstance(hosts, list) else hosts is not None


def told(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())
