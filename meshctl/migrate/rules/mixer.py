"""M9, M10, M11 and M13: Mixer's objects, which Istio has not had since 1.8.

A rule joins a handler and instances. What became another object is written in the rule's place, and what only served
it goes; what cannot be decided stays as a comment with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from meshctl import yamlio
from meshctl.migrate.edits import commented
from meshctl.migrate.manifests import Manifest, of_kind
from meshctl.migrate.rules.conditions import Condition, Inexpressible, parse
from meshctl.migrate.rules.context import Context
from meshctl.migrate.rules.denials import denied_by_clients, policy, told
from meshctl.migrate.rules.handlers import GROUP, adapter, parameters
from meshctl.migrate.rules.limits import limit
from meshctl.migrate.rules.shapes import expect

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
        every = [each for each in self.found_any() if each.name == parts[0] and each.kind != "rule"]
        return [each for each in every if len(parts) == 1 or parts[1] in (each.kind, adapter(each))] or every

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
    try:
        expect(rule)
    except Inexpressible as reason:
        run.refuse("M9", rule, str(reason), [])
        return
    actions = rule.get("spec", "actions") or []
    for action in actions:
        handlers = [each for each in run.named(str(action.get("handler", ""))) if adapter(each) in _ADAPTERS]
        instances = [
            each for name in action.get("instances") or [] for each in run.named(str(name)) if each not in handlers
        ]
        if not handlers:
            continue
        kind = adapter(handlers[0])
        quotas = run.found(*_QUOTA_KINDS) if kind in _QUOTAS else []
        involved = [*handlers, *instances, *quotas]
        try:
            expect(*involved)
            condition = parse(str(rule.get("spec", "match") or ""))
            _ADAPTERS[kind](run, rule, condition, handlers[0], instances)
        except Inexpressible as reason:
            run.refuse(_RULES[kind], rule, str(reason), involved)
        return
    called = [each for action in actions for each in run.named(str(action.get("handler", "")))]
    if strange := [each for each in called if adapter(each) not in _TELEMETRY]:
        run.refuse("M9", rule, f"nothing is known that says what {strange[0]} said", strange)
    else:
        _telemetry(run, rule)


def _denier(run: _Mixer, rule: Manifest, condition: Condition, handler: Manifest, instances: list[Manifest]) -> None:
    """M9."""
    code = (parameters(handler).get("status") or {}).get("code", 7)
    why = _WHY
    if _HTTP_STATUS.get(code, 403) != 403:
        why += f"; a policy answers 403, and the denier answered {_HTTP_STATUS[code]}"
    body = policy(run.context, rule, condition)
    if body is None:
        body = denied_by_clients(run.context, rule, condition)
        why += "; the source is told by its labels alone, so clients without a sidecar get around it"
    run.replace("M9", rule, [body], why, [handler, *instances])


def _quota(run: _Mixer, rule: Manifest, condition: Condition, handler: Manifest, instances: list[Manifest]) -> None:
    """M10."""
    if condition != Condition():
        raise Inexpressible("a limit for some of the requests only")
    if adapter(handler) == "redisquota":
        raise Inexpressible("redisquota counts for all replicas together: that takes a rate limit service of your own")
    bindings = run.found("QuotaSpecBinding")
    specs = run.found("QuotaSpec")
    services = [service for each in bindings for service in each.get("spec", "services") or []]
    if not services:
        raise Inexpressible("no QuotaSpecBinding says which services are limited")
    bodies = [limit(run.context, str(service.get("name")), handler, instances, specs) for service in services]
    why = f"{_WHY}; each replica now counts for itself, and all callers together"
    run.replace("M10", rule, bodies, why, [handler, *instances, *specs, *bindings])


def _list(run: _Mixer, rule: Manifest, condition: Condition, handler: Manifest, instances: list[Manifest]) -> None:
    """M11: a whitelist denies whatever is not on it, as an ALLOW policy would deny more."""
    given = parameters(handler)
    entries = given.get("overrides")
    if given.get("providerUrl") or not isinstance(entries, list):
        raise Inexpressible("a list that Mixer fetched from elsewhere")
    value = next((str(found) for each in instances if (found := parameters(each).get("value"))), "")
    denied = bool(given.get("blacklist"))
    values = [str(entry) for entry in entries]
    header = re.match(r"\(?request\.headers\[\"([^\"]+)\"\]\s*(?:\|\s*\"[^\"]*\"\s*)?\)?$", value)
    if value.startswith("source.ip"):
        condition.source["ipBlocks" if denied else "notIpBlocks"] = values
    elif header:
        condition.when.append({"key": f"request.headers[{header[1]}]", "values" if denied else "notValues": values})
    else:
        raise Inexpressible(f"a list of {value or 'nothing'}: no policy knows that")
    body = policy(run.context, rule, condition)
    if body is None:
        raise Inexpressible(f"{told(condition.source_labels)}: no policy knows the source's labels")
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
    kind = adapter(manifest)
    if kind not in _TELEMETRY and kind != "rule":
        reason = f"nothing is known that says what a {kind} said"
        run.refuse("M9" if kind not in (*_QUOTA_KINDS, "quota") else "M10", manifest, reason, [])
        return
    why = f"{_WHY}; Telemetry has accessLogging, metrics and tracing"
    run.context.edits.tell("M13", "removed", manifest, manifest.node, f"{manifest}", why)
    run.context.edits.remove(manifest)


def _document(manifest: Manifest) -> str:
    return manifest.source[manifest.start : manifest.end]


def _in_place(manifest: Manifest, text: str) -> str:
    """A text with the line breaks that its document began and ended with."""
    old = _document(manifest)
    before = old[: len(old) - len(old.lstrip("\n"))]
    after = old[len(old.rstrip("\n")) + 1 :]
    return before + text + after
