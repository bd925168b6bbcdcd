"""What the API server asks of metadata, selectors, tolerations and affinities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshctl.check.kubernetes.forms import FINALIZER, LABEL, LABEL_VALUE, QUALIFIED
from meshctl.check.kubernetes.restrictions.constraints import (
    Body,
    Constraint,
    Refusal,
    among,
    filled,
    formed,
    inside,
    keyed,
    only_when,
    sequence,
    within,
)


def _toleration(body: Body) -> Iterator[Refusal]:
    operator = body.get("operator") or "Equal"
    if operator == "Exists" and body.get("value"):
        yield Refusal("together", ("value",), "cannot be beside the operator Exists", "take it out")
    if not body.get("key") and operator != "Exists":
        yield Refusal("together", ("operator",), "has to be Exists where no key is named")


def _values(body: Body) -> Iterator[Refusal]:
    operator, values = body.get("operator"), body.get("values")
    if operator in ("In", "NotIn") and not values:
        yield Refusal("empty", ("values",), f"are needed for {operator}")
    elif operator in ("Exists", "DoesNotExist") and values:
        yield Refusal("together", ("values",), f"cannot be beside the operator {operator}", "take them out")


def _number(body: Body) -> Iterator[Refusal]:
    operator = body.get("operator")
    if operator in ("Gt", "Lt") and len(sequence(body, "values")) != 1:
        yield Refusal("range", ("values",), f"has to be one number for {operator}")


SELECTORS: Mapping[str, tuple[Constraint, ...]] = {
    "meta.v1.OwnerReference": (filled("uid", "name", "kind", "apiVersion"),),
    "meta.v1.ObjectMeta": (formed(FINALIZER, "finalizers"),),
    "meta.v1.LabelSelector": (keyed(QUALIFIED, "matchLabels"), formed(LABEL_VALUE, "matchLabels")),
    "meta.v1.LabelSelectorRequirement": (
        _values,
        filled("key"),
        formed(QUALIFIED, "key"),
        formed(LABEL_VALUE, "values"),
        among("operator", "In", "NotIn", "Exists", "DoesNotExist"),
    ),
    "core.v1.Toleration": (
        _toleration,
        only_when("tolerationSeconds", "effect", "NoExecute"),
        among("operator", "Equal", "Exists"),
        formed(QUALIFIED, "key"),
        formed(LABEL_VALUE, "value"),
    ),
    "core.v1.NodeSelector": (
        filled("nodeSelectorTerms"),
        inside("nodeSelectorTerms", inside("matchExpressions", formed(LABEL_VALUE, "values"))),
    ),
    "core.v1.NodeSelectorRequirement": (
        _values,
        _number,
        filled("key"),
        formed(QUALIFIED, "key"),
    ),
    "core.v1.PreferredSchedulingTerm": (within(1, 100, "weight"),),
    "core.v1.WeightedPodAffinityTerm": (within(1, 100, "weight"),),
    "core.v1.PodAffinityTerm": (
        filled("topologyKey"),
        formed(QUALIFIED, "topologyKey", "matchLabelKeys", "mismatchLabelKeys"),
        formed(LABEL, "namespaces"),
    ),
    "core.v1.TopologySpreadConstraint": (
        within(1, None, "maxSkew", "minDomains"),
        filled("topologyKey"),
        formed(QUALIFIED, "matchLabelKeys"),
        only_when("minDomains", "whenUnsatisfiable", "DoNotSchedule"),
    ),
}
