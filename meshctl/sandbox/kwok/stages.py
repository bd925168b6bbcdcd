"""What KWOK does to nodes, pods and claims when nothing is meant to fail: its Stage objects.

KWOK tries the stages at every change of an object and plays the one whose conditions hold. A template gives JSON, which
is merged into the object. All of one kind exclude each other, so that none is chosen by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LABEL_FAIL = "sandbox.meshctl.dev/fail"
ANNOTATION_RUN_FOR = "sandbox.meshctl.dev/run-for"
API_VERSION = "kwok.x-k8s.io/v1alpha1"
PROVISIONER = "kwok.x-k8s.io/volume"

Step = Mapping[str, Any]


@dataclass(frozen=True)
class Condition:
    """`query` is a jq expression over the object; an empty `values` asks whether there is any answer at all."""

    query: str
    values: tuple[str, ...] = ()
    negated: bool = False

    def to_json(self) -> dict[str, Any]:
        operator = ("NotIn" if self.negated else "In") if self.values else "DoesNotExist" if self.negated else "Exists"
        return {"jq": {"key": self.query, "operator": operator, **({"values": self.values} if self.values else {})}}


@dataclass(frozen=True)
class Stage:
    """`delay_from` is a jq expression that gives a duration such as 3s; where it gives none, `delay` seconds count."""

    name: str
    conditions: Sequence[Condition]
    steps: Sequence[Step]
    kind: str = "Pod"
    delay: float = 0.0
    delay_from: str = ""

    def to_json(self) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "resourceRef": {"apiGroup": "v1", "kind": self.kind},
            "selector": {"matchExpressions": [condition.to_json() for condition in self.conditions]},
            "steps": list(self.steps),
        }
        if self.delay or self.delay_from:
            spec["delay"] = {"durationMilliseconds": int(self.delay * 1000)}
        if self.delay_from:
            spec["delay"]["durationFrom"] = {"jq": {"expression": self.delay_from}}
        return {"apiVersion": API_VERSION, "kind": "Stage", "metadata": {"name": self.name}, "spec": spec}


def label(*values: str, negated: bool = False) -> Condition:
    return Condition(f'.metadata.labels["{LABEL_FAIL}"]', values, negated)


def phase(*values: str) -> Condition:
    return Condition(".status.phase", values)


ALIVE = Condition(".metadata.deletionTimestamp", negated=True)
DELETED = Condition(".metadata.deletionTimestamp")


def template(name: str) -> str:
    return (Path(__file__).parent / f"{name}.tmpl").read_text(encoding="utf-8")


def status_step(changes: str) -> Step:
    """`changes` are assignments in KWOK's template language to the variables that pod.tmpl declares."""
    return {
        "patch": {
            "subresource": "status",
            "root": "status",
            "template": template("pod") + changes + template("status"),
        }
    }


def lifecycle_stages(failures: Sequence[str]) -> list[Stage]:
    """`failures` are the values of the label that keep a pod from becoming ready."""
    healthy = (ALIVE, label(*failures, negated=True))
    return [
        Stage(
            "node-initialize",
            [Condition('.status.conditions.[] | select(.type == "Ready") | .status', ("True",), negated=True)],
            [{"patch": {"subresource": "status", "root": "status", "template": template("node")}}],
            kind="Node",
        ),
        Stage(
            "pod-ready",
            [*healthy, phase("Pending"), label("SlowStart", negated=True)],
            [status_step('{{- $failing = "" -}}')],
        ),
        Stage(
            "pod-complete",
            [*healthy, phase("Running"), Condition(".metadata.ownerReferences.[].kind", ("Job",))],
            [status_step('{{- $failing = "" -}}{{- $finished = true -}}{{- $phase = "Succeeded" -}}')],
            delay_from=f'.metadata.annotations["{ANNOTATION_RUN_FOR}"]',
        ),
        Stage("pod-delete", [DELETED], [{"delete": True}]),
        *volume_stages(),
    ]


def volume_stages() -> list[Stage]:
    """What an external provisioner does. The controller-manager asks for it, binds what it makes, and releases it."""
    asked = Condition('.metadata.annotations["volume.kubernetes.io/storage-provisioner"]', (PROVISIONER,))
    made = Condition('.metadata.annotations["pv.kubernetes.io/provisioned-by"]', (PROVISIONER,))
    unbound = Condition(".spec.volumeName", negated=True)
    unwanted = Condition(".spec.persistentVolumeReclaimPolicy", ("Delete",))
    return [
        Stage(
            "claim-provision",
            [ALIVE, asked, unbound],
            [{"apply": {"template": template("volume")}}],
            kind="PersistentVolumeClaim",
        ),
        Stage("volume-delete", [ALIVE, made, unwanted, phase("Released")], [{"delete": True}], kind="PersistentVolume"),
    ]
