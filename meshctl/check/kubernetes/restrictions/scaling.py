"""What the API server asks of HorizontalPodAutoscalers, PodDisruptionBudgets and PriorityClasses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshctl.check.kubernetes.forms import SEGMENT
from meshctl.check.kubernetes.restrictions.constraints import (
    Body,
    Constraint,
    Refusal,
    among,
    amounts,
    filled,
    formed,
    inside,
    mapping,
    member,
    sequence,
    shares,
    within,
)

_METRICS = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}


def _autoscaler(body: Body) -> Iterator[Refusal]:
    scales_from_none = any(member(metric, "type") in ("Object", "External") for metric in sequence(body, "metrics"))
    if body.get("minReplicas") == 0 and not scales_from_none:
        yield Refusal("range", ("minReplicas",), "can be 0 only with a metric of type Object or External")


def _scaled(body: Body) -> Iterator[Refusal]:
    """Only a ReplicationController is in no group."""
    version = body.get("apiVersion") or ""
    if isinstance(version, str) and "/" not in version and body.get("kind") != "ReplicationController":
        yield Refusal("form", ("apiVersion",), f'has to name a group too, like apps/v1, not "{version}"')


def _metric(body: Body) -> Iterator[Refusal]:
    source = _METRICS.get(str(body.get("type")))
    if source is None:
        return
    if body.get(source) is None:
        yield Refusal("together", (source,), f"is needed when type is {body['type']}")
    for other in _METRICS.values():
        if other != source and body.get(other) is not None:
            yield Refusal("together", (other,), f"cannot be there when type is {body['type']}")


def _target(*kinds: str, exclusive: bool = True) -> Constraint:
    """What a metric is to be; each kind of target has a field of its own."""
    fields = {"Utilization": "averageUtilization", "AverageValue": "averageValue", "Value": "value"}

    def constraint(body: Body) -> Iterator[Refusal]:
        target = mapping(body, "target")
        wanted = [fields[kind] for kind in kinds]
        given = [field for field in wanted if target.get(field) is not None]
        if not given:
            yield Refusal("together", ("target",), f"needs {' or '.join(wanted)}")
        for other in given[1:] if exclusive else ():
            yield Refusal("together", ("target", other), f"cannot be beside {given[0]}", "keep one of them")

    return constraint


_SCALING = (
    within(0, 3600, "stabilizationWindowSeconds"),
    among("selectPolicy", "Max", "Min", "Disabled"),
)

SCALING: Mapping[str, tuple[Constraint, ...]] = {
    "policy.v1.PodDisruptionBudgetSpec": (shares("minAvailable", "maxUnavailable"),),
    "autoscaling.v2.HorizontalPodAutoscalerSpec": (
        _autoscaler,
        inside("scaleTargetRef", _scaled),
        within(1, None, "maxReplicas"),
        within(0, None, "minReplicas"),
    ),
    "autoscaling.v2.CrossVersionObjectReference": (formed(SEGMENT, "kind", "name"), filled("kind", "name")),
    "autoscaling.v2.MetricSpec": (_metric, filled("type"), among("type", *_METRICS)),
    "autoscaling.v2.MetricTarget": (
        filled("type"),
        among("type", "Utilization", "Value", "AverageValue"),
        within(1, None, "averageUtilization"),
        amounts(0, "value", "averageValue", above=True),
    ),
    "autoscaling.v2.MetricIdentifier": (filled("name"), formed(SEGMENT, "name")),
    "autoscaling.v2.ResourceMetricSource": (filled("name"), _target("Utilization", "AverageValue")),
    "autoscaling.v2.ContainerResourceMetricSource": (
        filled("name", "container"),
        _target("Utilization", "AverageValue"),
    ),
    "autoscaling.v2.PodsMetricSource": (_target("AverageValue"),),
    "autoscaling.v2.ObjectMetricSource": (_target("Value", "AverageValue", exclusive=False),),
    "autoscaling.v2.ExternalMetricSource": (_target("Value", "AverageValue"),),
    "autoscaling.v2.HPAScalingRules": (*_SCALING, filled("policies")),
    "autoscaling.v2.HPAScalingPolicy": (
        among("type", "Pods", "Percent"),
        within(1, None, "value"),
        within(1, 1800, "periodSeconds"),
    ),
    "scheduling.v1.PriorityClass": (within(-(2**31), 10**9, "value"),),
}
