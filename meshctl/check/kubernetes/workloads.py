"""Deployments and their kin: what they select, how they restart, when they run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.resource import Resource
from meshctl.check.rules import bundle_rule, object_rule
from meshctl.check.selectors import matches
from meshctl.check.subject import Subject

_SELECTING = ("Deployment.apps", "StatefulSet.apps", "DaemonSet.apps", "ReplicaSet.apps")


@object_rule("MSH213", "error", *_SELECTING, aliases=("mismatching-selector",))
def selector_misses_template(workload: Resource) -> Iterator[Fault]:
    """A workload whose selector does not select the pods that it makes.

    The API server refuses it: it would make pods without end, and find none of them.

        # bad
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: website}}
            spec: {containers: [{name: web, image: "web:1"}]}
        # good
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: web, image: "web:1"}]}
    """
    selector = workload.spec["selector"]
    if selector.value.__class__ is not dict or workload.pod is None:
        return
    if not selector["matchLabels"].mapping and not list(selector["matchExpressions"]):
        yield selector.fault(f"the selector of {workload} is empty", "name the labels of its pods")
    elif not matches(selector, workload.pod.labels):
        wanted = selector["matchLabels"].mapping
        missing = [f"{key}: {value}" for key, value in wanted.items() if workload.pod.labels.get(key) != value]
        advice = f"the labels of the template lack {', '.join(missing)}" if missing else ""
        yield selector.fault(f"{workload} does not select the pods of its own template", advice)


_RESTARTS = {
    "Deployment": ("Always",),
    "StatefulSet": ("Always",),
    "DaemonSet": ("Always",),
    "ReplicaSet": ("Always",),
    "Job": ("OnFailure", "Never"),
    "CronJob": ("OnFailure", "Never"),
}


@object_rule("MSH214", "error", *_SELECTING, "Job.batch", "CronJob.batch", aliases=("restart-policy",))
def restart_policy(workload: Resource) -> Iterator[Fault]:
    """A restart policy that the kind does not take.

    Pods of Jobs and CronJobs end, so theirs is `OnFailure` or `Never`, and has to be said: the default is `Always`.
    Pods of all others go on, so theirs is `Always`.

        # bad
        apiVersion: batch/v1
        kind: Job
        metadata: {name: seed}
        spec: {template: {spec: {containers: [{name: seed, image: "seed:1"}]}}}
        # good
        apiVersion: batch/v1
        kind: Job
        metadata: {name: seed}
        spec: {template: {spec: {restartPolicy: OnFailure, containers: [{name: seed, image: "seed:1"}]}}}
    """
    if workload.pod is None:
        return
    policy = workload.pod.spec["restartPolicy"]
    choices = _RESTARTS[workload.ref.kind]
    said = policy.text or "Always"
    if said not in choices and said in ("Always", "OnFailure", "Never"):
        what = f"the restartPolicy of {workload} is {said}" if policy else f"{workload} has no restartPolicy"
        yield policy.fault(what, f"write {' or '.join(choices)}")


@bundle_rule("MSH215", "warning", aliases=("statefulset-has-servicename",))
def governing_service(subject: Subject) -> Iterator[Fault]:
    """A StatefulSet whose Service is not there.

    `serviceName` gives its pods their host names, `web-0.web`. Without that Service nobody can resolve them.

        # bad
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          serviceName: database
          selector: {matchLabels: {app: db}}
          template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: "db:1"}]}}
        # good
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          serviceName: db
          selector: {matchLabels: {app: db}}
          template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: "db:1"}]}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: db}
        spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}
    """
    for workload in subject.kind("apps", "StatefulSet"):
        name = workload.spec["serviceName"]
        if name.text and not subject.find("", "Service", subject.namespace_of(workload), name.text):
            message = f"{workload} names Service {name.text}, which is not there"
            yield name.fault(message, "add a headless Service of that name", manifest=workload.manifest)


_NICKNAMES = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
_EVERY = re.compile(r"@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("day of the week", 0, 6, {name: number for number, name in enumerate(_DAYS)}),
)
_PART = re.compile(r"(\*|\?|\w{1,9})(?:-(\w{1,9}))?(?:/(\d+))?", re.ASCII)


@object_rule("MSH216", "error", "CronJob.batch", aliases=("cronjob-schedule",))
def schedule(job: Resource) -> Iterator[Fault]:
    """A CronJob's schedule that nobody can read.

    Five fields: minute, hour, day of the month, month, day of the week (0 is Sunday); or `@daily` and its kin. The time
    zone has a field of its own, `timeZone`.

        # bad
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: nightly}
        spec:
          schedule: "0 25 * * *"
          jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: "a:1"}]}}}}
        # good
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: nightly}
        spec:
          schedule: "0 3 * * *"
          jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: "a:1"}]}}}}
    """
    node = job.spec["schedule"]
    text = node.text.strip()
    if not text or text in _NICKNAMES or _EVERY.fullmatch(text):
        return
    fields = text.split()
    if len(fields) != len(_FIELDS):
        what = "TZ= is not taken" if text.startswith(("TZ=", "CRON_TZ=")) else f"it has {len(fields)} fields, not five"
        yield node.fault(f'"{text}" is no schedule: {what}', "minute hour day month weekday, as 0 3 * * *")
        return
    for value, (name, low, high, words) in zip(fields, _FIELDS, strict=True):
        if not all(_is_part(part, low, high, words) for part in value.split(",")):
            yield node.fault(f'"{value}" is no {name}: it is from {low} to {high}', "like 5, 1-5, */10 or 1,15")


def _is_part(part: str, low: int, high: int, words: dict[str, int]) -> bool:
    match = _PART.fullmatch(part)
    if match is None or match[3] == "0":
        return False
    if match[1] in ("*", "?"):
        return match[2] is None
    ends = [words.get(end.lower(), int(end) if end.isdecimal() else -1) for end in match.group(1, 2) if end]
    return all(low <= end <= high for end in ends) and ends == sorted(ends)
