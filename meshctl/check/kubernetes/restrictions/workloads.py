"""What the API server asks of Deployments, StatefulSets, DaemonSets, Jobs and CronJobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zoneinfo import available_timezones

from meshctl.check.kubernetes.forms import DOMAIN_PATH, LABEL
from meshctl.check.kubernetes.restrictions.constraints import (
    Body,
    Constraint,
    Refusal,
    among,
    filled,
    formed,
    given,
    mapping,
    needed,
    only_when,
    shares,
    within,
)
from meshctl.errors import did_you_mean


def _in_templates(*fields: str) -> Constraint:
    """What a pod may have, and the template of a workload's pods may not."""

    def constraint(body: Body) -> Iterator[Refusal]:
        spec = mapping(body, "template", "spec")
        for field in fields:
            if spec.get(field) not in (None, []):
                yield Refusal("together", ("template", "spec", field), "may not be set in a template of pods")

    return constraint


def _deadline(body: Body) -> Iterator[Refusal]:
    deadline, least = body.get("progressDeadlineSeconds", 600), body.get("minReadySeconds", 0)
    if deadline.__class__ is int and least.__class__ is int and deadline <= least:
        yield Refusal("range", ("progressDeadlineSeconds",), f"has to be more than the {least} of minReadySeconds")


def _rolling(surging: int | str, missing: int | str) -> Constraint:
    """Neither may a rollout go on with nothing too many and nothing too few."""

    def constraint(body: Body) -> Iterator[Refusal]:
        surge, unavailable = body.get("maxSurge", surging), body.get("maxUnavailable", missing)
        if surge in (0, "0%") and unavailable in (0, "0%"):
            yield Refusal("together", ("maxUnavailable",), "cannot be 0 beside a maxSurge of 0")

    return constraint


def _daemons(body: Body) -> Iterator[Refusal]:
    surge, unavailable = body.get("maxSurge", 0), body.get("maxUnavailable", 1)
    if surge not in (0, "0%") and unavailable not in (0, "0%"):
        yield Refusal("together", ("maxSurge",), "cannot be beside maxUnavailable", "maxUnavailable: 0")


def _time_zone(body: Body) -> Iterator[Refusal]:
    zone, known = body.get("timeZone"), available_timezones()
    if isinstance(zone, str) and zone and (zone.lower() == "local" or (known and zone not in known)):
        advice = did_you_mean(zone, known) or "one of IANA's, like Europe/Berlin"
        yield Refusal("choice", ("timeZone",), f'has to be a time zone, not "{zone}"', advice)


def _job(body: Body) -> Iterator[Refusal]:
    restart = mapping(body, "template", "spec").get("restartPolicy")
    if body.get("podFailurePolicy") is not None and restart != "Never":
        steps = ("template", "spec", "restartPolicy")
        yield Refusal("together", steps, "has to be Never beside podFailurePolicy")
    if body.get("selector") is not None and body.get("manualSelector") is not True:
        yield Refusal("together", ("selector",), "is made by the server", "take it out")
    labels = mapping(body, "template", "metadata", "labels")
    wanted = mapping(body, "selector", "matchLabels")
    if body.get("manualSelector") is True and not wanted.items() <= labels.items():
        yield Refusal("together", ("selector",), "does not select the pods of the template")


_WORKLOAD = (
    _in_templates("activeDeadlineSeconds", "ephemeralContainers"),
    within(0, None, "replicas", "minReadySeconds"),
)
_HISTORY = within(0, None, "revisionHistoryLimit")

WORKLOADS: Mapping[str, tuple[Constraint, ...]] = {
    "apps.v1.DeploymentSpec": (*_WORKLOAD, _HISTORY, _deadline),
    "apps.v1.DeploymentStrategy": (only_when("rollingUpdate", "type", "RollingUpdate", unset="RollingUpdate"),),
    "apps.v1.RollingUpdateDeployment": (
        shares("maxSurge", most=None),
        shares("maxUnavailable"),
        _rolling("25%", "25%"),
    ),
    "apps.v1.StatefulSetSpec": (*_WORKLOAD, formed(LABEL, "serviceName")),
    "apps.v1.StatefulSetUpdateStrategy": (only_when("rollingUpdate", "type", "RollingUpdate", unset="RollingUpdate"),),
    "apps.v1.RollingUpdateStatefulSetStrategy": (within(0, None, "partition"), shares("maxUnavailable")),
    "apps.v1.StatefulSetOrdinals": (within(0, None, "start"),),
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": (
        among("whenDeleted", "Retain", "Delete"),
        among("whenScaled", "Retain", "Delete"),
    ),
    "apps.v1.DaemonSetSpec": (*_WORKLOAD, _HISTORY),
    "apps.v1.RollingUpdateDaemonSet": (shares("maxSurge", "maxUnavailable"), _rolling(0, 1), _daemons),
    "apps.v1.ReplicaSetSpec": _WORKLOAD,
    "batch.v1.Job": (given("spec"),),
    "batch.v1.JobSpec": (
        _job,
        _in_templates("ephemeralContainers"),
        within(
            0, None, "parallelism", "completions", "backoffLimit", "ttlSecondsAfterFinished", "activeDeadlineSeconds"
        ),
        only_when("backoffLimitPerIndex", "completionMode", "Indexed", unset="NonIndexed"),
        only_when("successPolicy", "completionMode", "Indexed", unset="NonIndexed"),
        formed(DOMAIN_PATH, "managedBy"),
    ),
    "batch.v1.JobTemplateSpec": (needed("spec"),),
    "batch.v1.CronJobSpec": (
        _time_zone,
        filled("schedule", "timeZone"),
        within(0, None, "successfulJobsHistoryLimit", "failedJobsHistoryLimit", "startingDeadlineSeconds"),
    ),
}
