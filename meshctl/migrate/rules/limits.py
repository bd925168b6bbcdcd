"""M10: a quota of Mixer as a local rate limit of Envoy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from meshctl.migrate.manifests import Manifest
from meshctl.migrate.rules.conditions import Inexpressible
from meshctl.migrate.rules.context import Context
from meshctl.migrate.rules.handlers import parameters


def limit(
    context: Context, service: str, handler: Manifest, instances: list[Manifest], specs: list[Manifest]
) -> dict[str, Any]:
    """The EnvoyFilter of one service. Raises Inexpressible."""
    quotas = parameters(handler).get("quotas") or []
    if len(quotas) != 1:
        raise Inexpressible("a handler of several quotas")
    chosen = _chosen_limit(quotas[0], service, instances)
    amount = _requests(chosen["maxAmount"], specs)
    bucket = {"max_tokens": amount, "tokens_per_fill": amount, "fill_interval": chosen["validDuration"]}
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    value = {
        "name": "envoy.filters.http.local_ratelimit",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
            "stat_prefix": "http_local_rate_limiter",
            "token_bucket": bucket,
            "filter_enabled": {"runtime_key": "local_rate_limit_enabled", **always},
            "filter_enforced": {"runtime_key": "local_rate_limit_enforced", **always},
        },
    }
    manager = {"filterChain": {"filter": {"name": "envoy.filters.network.http_connection_manager"}}}
    patch = {
        "applyTo": "HTTP_FILTER",
        "match": {"context": "SIDECAR_INBOUND", "listener": manager},
        "patch": {"operation": "INSERT_BEFORE", "value": value},
    }
    found = context.services(service)
    namespace = found[0].namespace if len(found) == 1 else ""
    return {
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": f"{service}-limit", **({"namespace": namespace} if namespace else {})},
        "spec": {"workloadSelector": {"labels": context.pods_behind(service)}, "configPatches": [patch]},
    }


def _chosen_limit(quota: Mapping[str, Any], service: str, instances: list[Manifest]) -> dict[str, Any]:
    """The override for this destination, else the default. Raises Inexpressible."""
    chosen = {"maxAmount": quota.get("maxAmount"), "validDuration": quota.get("validDuration") or "1s"}
    dimensions = [parameters(each).get("dimensions") or {} for each in instances]
    about_destination = {key for each in dimensions for key, value in each.items() if "destination." in str(value)}
    for override in quota.get("overrides") or []:
        wanted = override.get("dimensions") or {}
        names = [str(value) for key, value in wanted.items() if key in about_destination or key == "destination"]
        if names == [service] and len(wanted) == 1:
            chosen = {**chosen, **{key: value for key, value in override.items() if key in chosen}}
        elif service in names or not names:
            raise Inexpressible(f"an override by {', '.join(wanted)}: a local limit knows no such dimensions")
    return chosen


def _requests(amount: Any, specs: list[Manifest]) -> int:
    """How many requests the amount is for, by what QuotaSpec charges for one. Raises Inexpressible."""
    charges = {
        quota.get("charge", 1)
        for spec in specs
        for rule in spec.get("spec", "rules") or []
        for quota in rule.get("quotas") or []
    } or {1}
    charge = charges.pop()
    if charges or not isinstance(amount, int) or not isinstance(charge, int) or charge < 1:
        raise Inexpressible(f"an amount of {amount} with charges that are no one number")
    return max(1, math.floor(amount / charge))
