"""M9, M10, M11 and M13: Mixer's objects, which Istio has not had since 1.8.

A rule joins a handler and instances. What became another object is written in the rule's place, and what only served
it goes; what cannot be decided stays as a comment with the reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from meshctl import yamlio
from meshctl.migrate.edits import commented
from meshctl.migrate.manifests import Manifest, of_kind
from meshctl.migrate.rules.conditions import Condition, Inexpressible, parse
from meshctl.migrate.rules.context import Context

GROUP = "config.istio.io"
ROOT_NAMESPACE = "istio-system"
_HTTP_STATUS = {7: 403, 16: 401, 8: 429, 14: 503}
_RULES = {"denier": "M9", "memquota": "M10", "redisquota": "M10", "listchecker": "M11"}
_QUOTAS = ("memquota", "redisquota")
_QUOTA_KINDS = ("QuotaSpec", "QuotaSpecBinding")
_TELEMETRY_ADAPTERS = "stdio fluentd prometheus zipkin stackdriver statsd cloudwatch datadog solarwinds circonus"
_TELEMETRY_TEMPLATES = "logentry tracespan metric reportnothing adapter template attributemanifest"
_ATTRIBUTES = "kubernetesenv kubernetes HTTPAPISpec HTTPAPISpecBinding"
_TELEMETRY = frozenset(f"{_TELEMETRY_ADAPTERS} {_TELEMETRY_TEMPLATES} {_ATTRIBUTES}".split())
_WHY = "Istio has had no Mixer since 1.8"


@dataclass
class _Mixer:
    """`spent` are the objects that something now says otherwise, `kept` those that a refused rule still tells about."""

    context: Context
    spent: list[Manifest] = field(default_factory=list)
    kept: list[Manifest] = field(default_factory=list)

    def found(self, *kinds: str) -> list[Manifest]:
        return of_kind(self.context.manifests, GROUP, *kinds)

    def named(self, text: str) -> list[Manifest]:
        """`name`, `name.kind` or `name.kind.namespace`; kinds and instances share names."""
        parts = text.split(".")
        every = [each for each in self.found_any() if each.name == parts[0]]
        return [each for each in every if len(parts) == 1 or parts[1] in (each.kind, _adapter(each))] or every

    def found_any(self) -> list[Manifest]:
        return [each for each in self.context.manifests if each.group == GROUP]

    def refuse(self, rule: str, manifest: Manifest, reason: str, others: list[Manifest]) -> None:
        self.context.edits.tell(rule, "refused", manifest, manifest.node, f"{manifest} was not carried over", reason)
        self.context.edits.remove(manifest, _in_place(manifest, commented(_document(manifest), f"{rule}: {reason}")))
        self.kept += [manifest, *others]

    def replace(self, rule: str, manifest: Manifest, bodies: list[Any], why: str, others: list[Manifest]) -> None:
        made = ", ".join(f"{body['kind']} {body['metadata']['name']}" for body in bodies)
        self.context.edits.tell(rule, "changed", manifest, manifest.node, f"{manifest} is now {made}", why)
        self.context.edits.remove(manifest, _in_place(manifest, yamlio.dump_all(bodies)))
        self.spent += [manifest, *others]


def mixer(context: Context) -> None:
    """Every object of Mixer."""
    run = _Mixer(context)
    for rule in run.found("rule"):
        _rule(run, rule)
    _without_rules(run)


def _rule(run: _Mixer, rule: Manifest) -> None:
    for action in rule.get("spec", "actions") or [{}]:
        handlers = [each for each in run.named(str(action.get("handler", ""))) if _adapter(each) in _ADAPTERS]
        instances = [
            each for name in action.get("instances") or [] for each in run.named(str(name)) if each not in handlers
        ]
        if not handlers:
            continue
        adapter = _adapter(handlers[0])
        quotas = run.found(*_QUOTA_KINDS) if adapter in _QUOTAS else []
        involved = [*handlers, *instances, *quotas]
        try:
            condition = parse(str(rule.get("spec", "match") or ""))
            _ADAPTERS[adapter](run, rule, condition, handlers[0], instances)
        except Inexpressible as reason:
            run.refuse(_RULES[adapter], rule, str(reason), involved)
        return
    if rule not in run.spent:
        run.spent.append(rule)
        _telemetry(run, rule)


def _denier(run: _Mixer, rule: Manifest, condition: Condition, handler: Manifest, instances: list[Manifest]) -> None:
    """M9."""
    code = _parameters(handler).get("status", {}).get("code", 7)
    why = _WHY
    if _HTTP_STATUS.get(code, 403) != 403:
        why += f"; a policy answers 403, and the denier answered {_HTTP_STATUS[code]}"
    body = _policy(run.context, rule, condition)
    if body is None:
        body = _denied_by_clients(run.context, rule, condition)
        why += "; the source is told by its labels alone, so clients without a sidecar get around it"
    run.replace("M9", rule, [body], why, [handler, *instances])


def _policy(context: Context, rule: Manifest, condition: Condition) -> dict[str, Any] | None:
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
        labels = {**_service_selector(context, condition.destination_service), **labels}
    return labels


def _service_selector(context: Context, host: str) -> dict[str, Any]:
    services = context.services(host)
    selector = services[0].get("spec", "selector") if len(services) == 1 else None
    if not isinstance(selector, dict):
        raise Inexpressible(f"no Service of the project says which pods are behind {host}")
    return selector


def _denied_by_clients(context: Context, rule: Manifest, condition: Condition) -> dict[str, Any]:
    """The fallback: callers with these labels are answered 403 by their own sidecars. Raises Inexpressible."""
    labels = condition.destination_labels
    service = context.service_of(labels)
    if service is None or condition.source or condition.operation or condition.when:
        raise Inexpressible(f"{_told(condition.source_labels)}: no policy knows the source's labels")
    advice = "give those pods a service account of their own, and deny its principal"
    if service.get("spec", "selector") != labels:
        told = f"{_told(condition.source_labels)} to {_told(labels)}"
        raise Inexpressible(
            f"{told}: no policy knows the source's labels, and no route the pods of one version; {advice}"
        )
    if any(service.name in (each.get("spec", "hosts") or []) for each in _virtual_services(context)):
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


def _told(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _quota(run: _Mixer, rule: Manifest, condition: Condition, handler: Manifest, instances: list[Manifest]) -> None:
    """M10."""
    if condition != Condition():
        raise Inexpressible("a limit for some of the requests only")
    if _adapter(handler) == "redisquota":
        raise Inexpressible("redisquota counts for all replicas together: that takes a rate limit service of your own")
    bindings = run.found("QuotaSpecBinding")
    specs = run.found("QuotaSpec")
    services = [service for each in bindings for service in each.get("spec", "services") or []]
    if not services:
        raise Inexpressible("no QuotaSpecBinding says which services are limited")
    bodies = [_limit(run.context, str(service.get("name")), handler, instances, specs) for service in services]
    why = f"{_WHY}; each replica now counts for itself, and all callers together"
    run.replace("M10", rule, bodies, why, [handler, *instances, *specs, *bindings])


def _limit(
    context: Context, service: str, handler: Manifest, instances: list[Manifest], specs: list[Manifest]
) -> dict[str, Any]:
    """The EnvoyFilter of one service. Raises Inexpressible."""
    quotas = _parameters(handler).get("quotas") or []
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
        "spec": {"workloadSelector": {"labels": _service_selector(context, service)}, "configPatches": [patch]},
    }


def _chosen_limit(quota: Mapping[str, Any], service: str, instances: list[Manifest]) -> dict[str, Any]:
    """The override for this destination, else the default. Raises Inexpressible."""
    chosen = {"maxAmount": quota.get("maxAmount"), "validDuration": quota.get("validDuration", "1s")}
    dimensions = [_parameters(each).get("dimensions") or {} for each in instances]
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


def _list(run: _Mixer, rule: Manifest, condition: Condition, handler: Manifest, instances: list[Manifest]) -> None:
    """M11: a whitelist denies whatever is not on it, as an ALLOW policy would deny more."""
    parameters = _parameters(handler)
    entries = parameters.get("overrides")
    if parameters.get("providerUrl") or not isinstance(entries, list):
        raise Inexpressible("a list that Mixer fetched from elsewhere")
    value = next((str(found) for each in instances if (found := _parameters(each).get("value"))), "")
    denied = bool(parameters.get("blacklist"))
    values = [str(entry) for entry in entries]
    header = re.match(r"\(?request\.headers\[\"([^\"]+)\"\]\s*(?:\|\s*\"[^\"]*\"\s*)?\)?$", value)
    if value.startswith("source.ip"):
        condition.source["ipBlocks" if denied else "notIpBlocks"] = values
    elif header:
        condition.when.append({"key": f"request.headers[{header[1]}]", "values" if denied else "notValues": values})
    else:
        raise Inexpressible(f"a list of {value or 'nothing'}: no policy knows that")
    body = _policy(run.context, rule, condition)
    if body is None:
        raise Inexpressible(f"{_told(condition.source_labels)}: no policy knows the source's labels")
    why = f"{_WHY}; behind a gateway take remoteIpBlocks" if value.startswith("source.ip") else _WHY
    run.replace("M11", rule, [body], why, [handler, *instances])


_ADAPTERS: dict[str, Callable[[_Mixer, Manifest, Condition, Manifest, list[Manifest]], None]] = {
    "denier": _denier,
    "memquota": _quota,
    "redisquota": _quota,
    "listchecker": _list,
}


def _without_rules(run: _Mixer) -> None:
    """What no rule has accounted for: telemetry goes, what a refused rule needs stays as a comment."""
    handled = [each for each in run.found_any() if each.kind == "rule"]
    for manifest in run.found_any():
        if manifest in handled:
            continue
        if manifest in run.spent and manifest not in run.kept:
            run.context.edits.tell("M13", "removed", manifest, manifest.node, f"{manifest}", "it only served a rule")
            run.context.edits.remove(manifest)
        elif manifest in run.kept:
            run.context.edits.remove(manifest, _in_place(manifest, commented(_document(manifest), "see its rule")))
        else:
            _telemetry(run, manifest)


def _telemetry(run: _Mixer, manifest: Manifest) -> None:
    """M13."""
    kind = _adapter(manifest)
    if kind not in _TELEMETRY and kind != "rule":
        reason = f"nothing is known that says what a {kind} said"
        run.refuse("M9" if kind not in (*_QUOTA_KINDS, "quota") else "M10", manifest, reason, [])
        return
    why = f"{_WHY}; Telemetry has accessLogging, metrics and tracing"
    run.context.edits.tell("M13", "removed", manifest, manifest.node, f"{manifest}", why)
    run.context.edits.remove(manifest)


def _adapter(manifest: Manifest) -> str:
    """What an object is in terms of Mixer's adapters and templates, in the form of 1.0 as of later versions."""
    if manifest.kind == "handler":
        return str(manifest.get("spec", "compiledAdapter") or manifest.get("spec", "adapter") or "")
    if manifest.kind == "instance":
        return str(manifest.get("spec", "compiledTemplate") or manifest.get("spec", "template") or "")
    return manifest.kind


def _parameters(manifest: Manifest) -> dict[str, Any]:
    spec = manifest.get("spec") or {}
    return (spec.get("params") or {}) if manifest.kind in ("handler", "instance") else spec


def _document(manifest: Manifest) -> str:
    return manifest.source[manifest.start : manifest.end]


def _in_place(manifest: Manifest, text: str) -> str:
    """A text with the line breaks that its document began and ended with."""
    old = _document(manifest)
    before = old[: len(old) - len(old.lstrip("\n"))]
    after = old[len(old.rstrip("\n")) + 1 :]
    return before + text + after
