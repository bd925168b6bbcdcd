"""M14: of several DestinationRules for one host Istio takes one traffic policy, so there has to be one rule a host."""

from __future__ import annotations

import textwrap

from meshctl.migrate.manifests import Manifest, manifests, of_kind
from meshctl.migrate.rules.context import Context
from meshctl.yamlio import Node

_LOST = "Istio takes the trafficPolicy of the older rule alone"
_PARTS = frozenset(("host", "trafficPolicy", "subsets"))


def one_rule_a_host(context: Context) -> None:
    """Two rules that say different things become one; where they contradict each other somebody has to decide."""
    first: dict[tuple[str, str], Manifest] = {}
    merged: set[tuple[str, str]] = set()
    for rule in of_kind(context.manifests, "networking.istio.io", "DestinationRule"):
        key = (rule.namespace, str(rule.get("spec", "host")).partition(".")[0])
        if rule.node.get("spec", "trafficPolicy") is None:
            continue
        other = first.setdefault(key, rule)
        if other is rule:
            continue
        reason = "three rules for one host" if key in merged else _why_not(other, rule)
        if reason:
            message = f"{rule} and {other} ({other.where(other.node)}) are for one host, {key[1]}"
            context.edits.tell("M14", "look", rule, rule.node, message, f"{_LOST}: write one by hand ({reason})")
        else:
            _merge(context, other, rule)
            merged.add(key)


def _why_not(first: Manifest, second: Manifest) -> str:
    """What keeps the second rule from being a part of the first; empty where nothing does."""
    policies = [each.node.get("spec", "trafficPolicy") for each in (first, second)]
    if any(policy is None or policy.flow or not policy.entries for policy in policies):
        return "one is written in braces"
    one, two = first.mapping("spec"), second.mapping("spec")
    both = set(one["trafficPolicy"]) & set(two["trafficPolicy"])
    if both:
        return f"both set {', '.join(sorted(both))}"
    if "subsets" in one and "subsets" in two:
        return "both have subsets"
    metadata = second.node.get("metadata")
    if set(two) - _PARTS or (metadata and (metadata.kind != "mapping" or set(metadata.keys) - {"name", "namespace"})):
        return "the second says more than a policy"
    if first.has_conditions(first.node) or second.has_conditions(second.node):
        return "one has conditions"
    return ""


def _merge(context: Context, first: Manifest, second: Manifest) -> None:
    """The second as the other rules have left it, within the first."""
    text = context.edits.document(second)
    (written,), _ = manifests(text, second.file)
    spec, own = written.node.get("spec"), first.node.get("spec")
    entry = own.entry("trafficPolicy") if own else None
    policy = spec.get("trafficPolicy") if spec else None
    if not (spec and policy and entry):
        return
    context.edits.insert_after(first, *entry[1].entries[-1], _block(written, policy))
    if subsets := spec.entry("subsets"):
        context.edits.insert_before(first, entry[0], _block(written, subsets[0], subsets[1]))
    message = f"{second} is now in {first} ({first.where(first.node)})"
    context.edits.tell("M14", "changed", second, second.node, message, _LOST)
    context.edits.replace_document(second, f"# meshctl migrate: M14: now in {first}, {first.file}\n")


def _block(manifest: Manifest, start: Node, end: Node | None = None) -> str:
    """The lines of a block, without the indent of its first one."""
    text = manifest.text(Node("scalar", start.start, (end or start).end, start.line, start.column))
    return textwrap.dedent(" " * (start.column - 1) + text.rstrip("\n") + "\n")
