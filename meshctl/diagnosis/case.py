"""What a diagnosis looks at, sorted: what is not ready, the pods of its newest revision, and what happened to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from meshctl.identity import ObjectRef
from meshctl.manifest import LABEL_SERVICE
from meshctl.readiness import Readiness, State, readiness
from meshctl.readiness.verdict import entries, number, text

Object = Mapping[str, Any]

_LINE = 400  # characters of one line of evidence


@dataclass(frozen=True)
class Diagnosis:
    """`certain` when waiting longer will not help. `container` of the Pod `object` is the one whose log tells more."""

    code: str
    message: str
    evidence: tuple[str, ...] = ()
    suggestion: str = ""
    certain: bool = False
    object: ObjectRef | None = None
    container: str = ""


@dataclass(frozen=True)
class Case:
    """`unready` has each object that is not current, with the verdict; `pods` are those of unready workloads.

    `around` has the Namespace, where it may be read, and a pod with a sidecar, where there is one.
    """

    unready: Sequence[tuple[Object, Readiness]]
    pods: Sequence[Object]
    since: float
    around: Sequence[Object]
    _events: Mapping[str, Sequence[Object]] = field(repr=False)
    _owned: Mapping[str, Sequence[Object]] = field(repr=False)

    def events(self, obj: Object, *reasons: str) -> list[Object]:
        """The events of an object, oldest first; with `reasons` only those."""
        found = self._events.get(text(obj, "metadata", "uid"), ())
        return [event for event in found if not reasons or text(event, "reason") in reasons]

    def family(self, obj: Object) -> Iterator[Object]:
        """A workload and, of a Deployment, its newest ReplicaSet: pods are refused to that one."""
        yield obj
        yield from (
            child
            for child in self._owned.get(text(obj, "metadata", "uid"), ())
            if text(child, "kind") == "ReplicaSet" and _revision(child) == _revision(obj)
        )

    def recent(self, event: Object) -> bool:
        return event_time(event) >= self.since


def gather(
    objects: Iterable[Object],
    pods: Iterable[Object],
    events: Iterable[Object],
    *,
    since: float,
    around: Iterable[Object],
) -> Case:
    """Pods of workloads that are ready, of older revisions, or on their way out, explain nothing."""
    owned: dict[str, list[Object]] = defaultdict(list)
    told = list(objects)
    for each in (*told, *pods):
        owned[_owner(each)].append(each)
    own = [each for each in told if text(each, "kind") != "ReplicaSet" or not _owner(each)]
    unready = [(each, verdict) for each in own if (verdict := readiness(each)).state is not State.CURRENT]
    suspects = [pod for each, _ in unready for pod in _newest_pods(each, owned)]
    return Case(unready, sorted(suspects, key=_name), since, tuple(around), _by_object(events), owned)


def service_of(obj: Object) -> str:
    return text(obj, "metadata", "labels", LABEL_SERVICE) or _name(obj)


def event_time(event: Object) -> float:
    """Seconds since the epoch, 0 when it does not say."""
    told = (moment(event, *path) for path in (("series", "lastObservedTime"), ("lastTimestamp",), ("eventTime",)))
    return next(filter(None, told), 0.0)


def moment(obj: Object, *path: str) -> float:
    """The RFC 3339 time at path, in seconds since the epoch; 0 where there is none."""
    try:
        return datetime.fromisoformat(text(obj, *path)).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def times(event: Object) -> int:
    return max(number(event, "count"), number(event, "series", "count"), 1)


def told(event: Object) -> str:
    """An event as a line of evidence."""
    repeated = f" ({times(event)} times)" if times(event) > 1 else ""
    return line(f"event {text(event, 'reason')}{repeated}: {text(event, 'message')}")


def line(words: str) -> str:
    """One line, whatever the cluster wrote."""
    flat = " ".join(words.split())
    return flat if len(flat) <= _LINE else f"{flat[: _LINE - 1]}…"


def _newest_pods(obj: Object, owned: Mapping[str, Sequence[Object]]) -> Iterator[Object]:
    """The pods that the object's current form asked for; a Pod is its own."""
    if text(obj, "kind") == "Pod":
        yield obj
        return
    for child in owned.get(text(obj, "metadata", "uid"), ()):
        if text(child, "kind") == "ReplicaSet" and _revision(child) == _revision(obj):
            yield from _newest_pods(child, owned)
        elif text(child, "kind") == "Pod" and _is_newest(child, obj) and not _leaving(child):
            yield child


def _is_newest(pod: Object, owner: Object) -> bool:
    """StatefulSets and DaemonSets own pods of several revisions directly."""
    if text(owner, "kind") == "StatefulSet":
        wanted = text(owner, "status", "updateRevision")
        return wanted in ("", text(pod, "metadata", "labels", "controller-revision-hash"))
    if text(owner, "kind") == "DaemonSet":
        wanted = text(owner, "metadata", "annotations", "deprecated.daemonset.template.generation")
        return wanted in ("", text(pod, "metadata", "labels", "pod-template-generation"))
    return True


def _leaving(pod: Object) -> bool:
    return bool(text(pod, "metadata", "deletionTimestamp"))


def _revision(obj: Object) -> str:
    return text(obj, "metadata", "annotations", "deployment.kubernetes.io/revision")


def _owner(obj: Object) -> str:
    owners = entries(obj, "metadata", "ownerReferences")
    return next((text(owner, "uid") for owner in owners if owner.get("controller")), "")


def _name(obj: Object) -> str:
    return text(obj, "metadata", "name")


def _by_object(events: Iterable[Object]) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = defaultdict(list)
    for event in sorted(events, key=event_time):
        found[text(event, "involvedObject", "uid")].append(event)
    return found
