"""How many pods there are, and how many may be missing: autoscalers and disruption budgets."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.resource import Pod, Resource
from meshctl.check.rules import bundle_rule, object_rule
from meshctl.check.selectors import matches
from meshctl.check.subject import Subject
from meshctl.errors import did_you_mean

_SCALED = {("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "ReplicaSet")}


@object_rule("MSH274", "error", "HorizontalPodAutoscaler.autoscaling")
def replica_bounds(autoscaler: Resource) -> Iterator[Fault]:
    """An autoscaler whose least number of pods is above its most.

    The API server refuses it.

        # bad
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web}
        spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 5, maxReplicas: 3}
        # good
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web}
        spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 3, maxReplicas: 5}
    """
    least, most = autoscaler.spec["minReplicas"], autoscaler.spec["maxReplicas"]
    if least.number is not None and most.number is not None and least.number > most.number:
        yield least.fault(f"minReplicas {least.number} is above maxReplicas {most.number}", "exchange them")


@bundle_rule("MSH275", "warning", aliases=("dangling-horizontalpodautoscaler",))
def scales_nothing(subject: Subject) -> Iterator[Fault]:
    """An autoscaler whose workload is not there.

    It scales nothing.

        # bad
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web}
        spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: website}, maxReplicas: 3}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}
        # good
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web}
        spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}
    """
    for autoscaler in subject.kind("autoscaling", "HorizontalPodAutoscaler"):
        target = autoscaler.spec["scaleTargetRef"]
        kind = (target["apiVersion"].text.rpartition("/")[0], target["kind"].text)
        if kind in _SCALED and _target(subject, autoscaler) is None:
            name = target["name"]
            message = f"{autoscaler} scales {kind[1]} {name.text}, which the project does not have"
            near = did_you_mean(name.text, [each.ref.name for each in subject.kind(*kind)])
            yield name.fault(message, near, manifest=autoscaler.manifest)


@bundle_rule("MSH276", "warning", aliases=("deployment-has-hpa-replicas",))
def replicas_beside_autoscaler(subject: Subject) -> Iterator[Fault]:
    """A workload that says how many pods it has, and an autoscaler that says it too.

    Every start sets the number back to that of the workload, and the autoscaler moves it again. Leave `replicas` out.

        # bad
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web}
        spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}
        # good
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web}
        spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 3}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}
    """
    for autoscaler in subject.kind("autoscaling", "HorizontalPodAutoscaler"):
        workload = _target(subject, autoscaler)
        if workload is not None and workload.spec["replicas"]:
            message = f"{workload} has replicas, and {autoscaler} scales it"
            yield workload.spec["replicas"].fault(message, "leave replicas out", manifest=workload.manifest)


def _target(subject: Subject, autoscaler: Resource) -> Resource | None:
    target = autoscaler.spec["scaleTargetRef"]
    group = target["apiVersion"].text.rpartition("/")[0]
    return subject.find(group, target["kind"].text, subject.namespace_of(autoscaler), target["name"].text)


@object_rule("MSH277", "error", "PodDisruptionBudget.policy")
def budget_bounds(budget: Resource) -> Iterator[Fault]:
    """A disruption budget with two bounds.

    It has `minAvailable` or `maxUnavailable`. The API server refuses both.

        # bad
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web}
        spec: {minAvailable: 1, maxUnavailable: 1, selector: {matchLabels: {app: web}}}
        # good
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web}
        spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
    """
    if budget.spec["minAvailable"] and budget.spec["maxUnavailable"]:
        yield budget.spec["minAvailable"].fault(f"{budget} has minAvailable and maxUnavailable", "keep one of the two")


@bundle_rule("MSH278", "warning", aliases=("dangling-poddisruptionbudget", "pdb-targets-pod"))
def budget_of_nobody(subject: Subject) -> Iterator[Fault]:
    """A disruption budget that selects no pod, or never lets one go.

    The first protects nothing. The second, with `maxUnavailable: 0` or as many `minAvailable` as there are, keeps a
    node from ever being drained; it is a note.

        # bad
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web}
        spec: {minAvailable: 1, selector: {matchLabels: {app: website}}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: web}
        spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {containers: [{name: web, image: "web:1"}]}
    """
    for budget in subject.kind("policy", "PodDisruptionBudget"):
        selector = budget.spec["selector"]
        pods = _selected(subject, budget)
        least, most = budget.spec["minAvailable"], budget.spec["maxUnavailable"]
        if selector.mapping and not pods:
            advice = "compare it with the labels of the pod templates"
            yield selector.fault(f"{budget} selects no pod", advice, manifest=budget.manifest)
        elif most.value in (0, "0%") or least.value == "100%" or _needs_all(pods, least.number):
            node = most or least
            yield node.fault(f"{budget} never lets a pod go", "let one go", manifest=budget.manifest, severity="info")


def _selected(subject: Subject, budget: Resource) -> list[Pod]:
    selector = budget.spec["selector"]
    pods = subject.pods_with(selector["matchLabels"].mapping, subject.namespace_of(budget))
    return [pod for pod in pods if matches(selector, pod.labels)]


def _needs_all(pods: list[Pod], least: int | None) -> bool:
    """Whether that many have to be there as the workloads make; who scales them otherwise is not known here."""
    counts = [pod.resource.spec["replicas"].number for pod in pods]
    known = [count for count in counts if count is not None]
    return least is not None and len(known) == len(counts) and least >= sum(known) > 0
