"""Is this object as its owner wanted it? A pure function of one object, in a table by kind.

The rules are those of kstatus (sigs.k8s.io/cli-utils), first what all kinds share, then the kind's own, then a Ready
condition. We deviate in three things: a Pod in phase Failed is Failed, a Job is InProgress until it is complete, and
`observedGeneration` may be a string, as Istio writes it. Istio's objects have a rule that kstatus lacks. What kstatus
refuses with an error is Unknown here: a verdict is always given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from meshctl.readiness.generic import common, ready_condition
from meshctl.readiness.mesh import istio
from meshctl.readiness.objects import always, claim, custom_resource_definition, disruption_budget, namespace, service
from meshctl.readiness.pods import pod
from meshctl.readiness.verdict import Object, Readiness, State, condition, number, text
from meshctl.readiness.workloads import daemon_set, deployment, job, replica_set, stateful_set

__all__ = ["Readiness", "State", "readiness", "replicas"]

_RULES: dict[tuple[str, str], Callable[[Object], Readiness]] = {
    ("", "ConfigMap"): always,
    ("", "Namespace"): namespace,
    ("", "PersistentVolumeClaim"): claim,
    ("", "Pod"): pod,
    ("", "Secret"): always,
    ("", "Service"): service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): custom_resource_definition,
    ("apps", "DaemonSet"): daemon_set,
    ("apps", "Deployment"): deployment,
    ("apps", "ReplicaSet"): replica_set,
    ("apps", "StatefulSet"): stateful_set,
    ("batch", "CronJob"): always,
    ("batch", "Job"): job,
    ("extensions", "DaemonSet"): daemon_set,
    ("extensions", "Deployment"): deployment,
    ("extensions", "ReplicaSet"): replica_set,
    ("policy", "PodDisruptionBudget"): disruption_budget,
}


def readiness(obj: Any) -> Readiness:
    """The verdict on an object as JSON or YAML gives it; None is one that is not there. Never raises."""
    if obj is None:
        return Readiness(State.NOT_FOUND, "it does not exist")
    if not isinstance(obj, Mapping):
        return Readiness(State.UNKNOWN, "it is no object")
    return common(obj) or _rule(obj)(obj)


def replicas(obj: Object) -> tuple[int, int]:
    """(ready, wanted) pods of a workload, (0, 0) of anything else; of a Job, the pods that succeeded."""
    match text(obj, "kind"):
        case "Deployment" | "StatefulSet" | "ReplicaSet":
            return number(obj, "status", "readyReplicas"), number(obj, "spec", "replicas", default=1)
        case "DaemonSet":
            return number(obj, "status", "numberReady"), number(obj, "status", "desiredNumberScheduled")
        case "Job":
            parallel = number(obj, "spec", "parallelism", default=1)
            return number(obj, "status", "succeeded"), number(obj, "spec", "completions", default=parallel)
        case "Pod":
            return int(condition(obj, "Ready").get("status") == "True"), 1
        case _:
            return 0, 0


def _rule(obj: Object) -> Callable[[Object], Readiness]:
    group = text(obj, "apiVersion").rpartition("/")[0]
    if group.endswith(".istio.io"):
        return istio
    return _RULES.get((group, text(obj, "kind")), ready_condition)
