"""A pod in one word and three numbers, as `kubectl get pods` has it.

A container that waits or has ended outdoes the phase, and an init container that is not done outdoes all containers.
A native sidecar (an init container that restarts always) counts as a container once it has started.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

Status = Mapping[str, Any]


class Summary(NamedTuple):
    """`message` is what the container behind the word says; `last_restart` in RFC 3339, empty without one."""

    word: str
    ready: int
    total: int
    restarts: int
    last_restart: str
    message: str


def summary(pod: Mapping[str, Any]) -> Summary:
    spec, status = pod["spec"], pod.get("status") or {}
    sidecars = {each["name"] for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"}
    containers = status.get("containerStatuses") or []
    begun, blocked, init_word = _initialized(status.get("initContainerStatuses") or [], sidecars, spec)
    told = [blocked] if blocked else []
    word = init_word or _phase(status)
    if blocked and _condition(status, "Initialized") != "True":
        counted, ready = begun, 0
    else:
        counted = [each for each in begun if each["name"] in sidecars] + containers
        ready = sum(_is_ready(each) for each in containers)
        word, told = _running(status, containers, word), [*containers, *told]
    ready += sum(_is_ready(each) for each in begun if each["name"] in sidecars and each is not blocked)
    return Summary(
        word=_leaving(pod) or word,
        ready=ready,
        total=len(spec.get("containers") or ()) + len(sidecars),
        restarts=sum(each.get("restartCount") or 0 for each in counted),
        last_restart=max((_last_end(each) for each in counted), default=""),
        message=_message(told) or status.get("message") or "",
    )


def _initialized(
    statuses: Sequence[Status], sidecars: Iterable[str], spec: Mapping[str, Any]
) -> tuple[list[Status], Status | None, str]:
    """The init containers up to the first that is not done, that one, and its word."""
    for index, each in enumerate(statuses):
        ended = _state(each, "terminated")
        done = ended is not None and ended.get("exitCode") == 0
        if done or (each["name"] in sidecars and each.get("started")):
            continue
        return list(statuses[: index + 1]), each, f"Init:{_init_word(each, index, len(spec['initContainers']))}"
    return list(statuses), None, ""


def _init_word(each: Status, index: int, total: int) -> str:
    if (ended := _state(each, "terminated")) is not None:
        return _end(ended)
    waits = (_state(each, "waiting") or {}).get("reason")
    return waits if waits and waits != "PodInitializing" else f"{index}/{total}"


def _running(status: Mapping[str, Any], containers: Sequence[Status], word: str) -> str:
    """The word of the first container that does not just run, else `word`. Others outdo a container that is done."""
    word = next((found for each in containers if (found := _container_word(each))), word)
    if word != "Completed":
        return word
    runs = any(_is_ready(each) for each in containers)
    if runs and _condition(status, "Ready") == "True":
        return "Running"
    ends = (_state(each, "terminated") or {} for each in containers)
    failed = next((_end(ended) for ended in ends if ended.get("exitCode")), "")
    return failed or ("NotReady" if runs else word)


def _container_word(each: Status) -> str:
    if reason := (_state(each, "waiting") or {}).get("reason"):
        return str(reason)
    ended = _state(each, "terminated")
    return "" if ended is None else _end(ended)


def _end(ended: Mapping[str, Any]) -> str:
    if reason := ended.get("reason"):
        return str(reason)
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _phase(status: Mapping[str, Any]) -> str:
    conditions = status.get("conditions") or ()
    if any(each["type"] == "PodScheduled" and each.get("reason") == "SchedulingGated" for each in conditions):
        return "SchedulingGated"
    return str(status.get("reason") or status.get("phase") or "Unknown")


def _leaving(pod: Mapping[str, Any]) -> str:
    status = pod.get("status") or {}
    if not pod["metadata"].get("deletionTimestamp"):
        return ""
    if status.get("reason") == "NodeLost":
        return "Unknown"
    return "" if status.get("phase") in ("Succeeded", "Failed") else "Terminating"


def _is_ready(each: Status) -> bool:
    return bool(each.get("ready")) and _state(each, "running") is not None


def _message(statuses: Iterable[Status]) -> str:
    for each in statuses:
        for name in ("waiting", "terminated"):
            if message := (_state(each, name) or {}).get("message"):
                return str(message)
    return ""


def _last_end(each: Status) -> str:
    return str(((each.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or "")


def _state(each: Status, name: str) -> Mapping[str, Any] | None:
    state: Mapping[str, Any] | None = (each.get("state") or {}).get(name)
    return state


def _condition(status: Mapping[str, Any], kind: str) -> str:
    return next((str(each.get("status")) for each in status.get("conditions") or () if each["type"] == kind), "")
