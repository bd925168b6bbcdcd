"""Pods that fail on purpose, chosen by the label `sandbox.meshctl.dev/fail`.

Reasons, messages, events and the order of states are those of a kubelet; only the waiting is shorter. A step names the
states and messages that it needs by the variables of failures.tmpl.
"""

from __future__ import annotations

import json
from pathlib import Path

from meshctl.sandbox.kwok.stages import ALIVE, Condition, Stage, Step, label, phase, status_step, template

ANNOTATION_START_DELAY = "sandbox.meshctl.dev/start-delay"
CRASHES = ("CrashLoopBackOff", "OOMKilled")
FAILURES = (*CRASHES, "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError", "NotReady")

# Seconds between restart n and n + 1 of a crashing container; a kubelet waits 10, 20, 40 … 300.
BACK_OFF_SECONDS = (1, 1, 2, 4, 8, 16, 30)
PULL_SECONDS = 5
PROBE_SECONDS = 10
MOMENT = 0.3

_STATUSES = "[.status.initContainerStatuses[]?, .status.containerStatuses[]?]"
_UNTOUCHED = Condition(f"{_STATUSES}[] | .name", negated=True)
_RESTARTED = f"{_STATUSES}[] | select((.state.terminated.exitCode // 0) != 0) | .restartCount > 0"


def failure_stages(pod_logs: Path) -> list[Stage]:
    return [*_slow_start(), *_crashes(pod_logs), *_image_pull(), *_never_created(), *_never_ready(pod_logs)]


def _slow_start() -> list[Stage]:
    slow = (ALIVE, label("SlowStart"), phase("Pending"))
    return [
        Stage("slow-start", [*slow, _UNTOUCHED], [_status("$containerCreating", phase="Pending")]),
        Stage(
            "slow-start-ready",
            [*slow, _waiting("ContainerCreating")],
            [status_step('{{- $failing = "" -}}')],
            delay=5,
            delay_from=f'.metadata.annotations["{ANNOTATION_START_DELAY}"]',
        ),
    ]


def _crashes(pod_logs: Path) -> list[Stage]:
    """The container ends, is started again at once, ends again, and then waits longer each time.

    With restartPolicy Never there is no second start: the pod has failed.
    """
    crashing = (ALIVE, label(*CRASHES), phase("Pending", "Running"))
    ending = '{{- $last = default $before.lastState (pick (default dict $before.state) "terminated") -}}'
    never = '{{- if eq .spec.restartPolicy "Never" -}}{{- $phase = "Failed" -}}{{- end -}}'
    count = "{{- $restarts = int (sub $starts 1) -}}"
    crash = [_event("Normal", "Started", "$startedMessage", "$starts"), _status("$crashed", ending + never + count)]
    wait = [
        _status("$crashLoopBackOff", "{{- $last = $before.state -}}"),
        _event("Warning", "BackOff", "$backOffMessage", "$restarts"),
    ]
    return [
        Stage("crash", [*crashing, _UNTOUCHED], [_logs(pod_logs), *crash]),
        Stage("crash-again", [*crashing, Condition(_RESTARTED, ("false",))], crash, delay=MOMENT),
        Stage("crash-back-off", [*crashing, Condition(_RESTARTED, ("true",))], wait, delay=MOMENT),
        Stage("crash-restart", [*crashing, _waiting("CrashLoopBackOff")], crash, delay_from=_back_off_delay()),
    ]


def _image_pull() -> list[Stage]:
    failing = (ALIVE, label("ImagePullBackOff"), phase("Pending"))
    pull = [
        _event("Normal", "Pulling", "$pullingMessage", "$pulls"),
        _event("Warning", "Failed", "$pullFailedMessage", "$pulls"),
        _event("Warning", "Failed", "$pullErrorMessage", "$pulls"),
        _status("$errImagePull", phase="Pending"),
    ]
    wait = [
        _event("Normal", "BackOff", "$pullBackOffMessage", "$pulls"),
        _event("Warning", "Failed", "$pullBackOffErrorMessage", "$pulls"),
        _status("$imagePullBackOff", phase="Pending"),
    ]
    return [
        Stage("pull", [*failing, _UNTOUCHED], pull),
        Stage("pull-back-off", [*failing, _waiting("ErrImagePull")], wait, delay=MOMENT),
        Stage("pull-again", [*failing, _waiting("ImagePullBackOff")], pull, delay=PULL_SECONDS - MOMENT),
    ]


def _never_created() -> list[Stage]:
    """A kubelet says the same again every few seconds; here once is enough."""
    invalid = [
        _event("Warning", "InspectFailed", "$invalidMessage"),
        _event("Warning", "Failed", "$invalidErrorMessage"),
        _status("$invalidImageName", phase="Pending"),
    ]
    missing = [
        _event("Warning", "Failed", "$missingMessage"),
        _status("$createContainerConfigError", phase="Pending"),
    ]
    return [
        Stage(name, [ALIVE, label(value), phase("Pending"), _UNTOUCHED], steps)
        for name, value, steps in (
            ("invalid-image-name", "InvalidImageName", invalid),
            ("config-error", "CreateContainerConfigError", missing),
        )
    ]


def _never_ready(pod_logs: Path) -> list[Stage]:
    """The container runs and does not answer its probe. Each probe leaves its time, or KWOK would not look again."""
    event = _event("Warning", "Unhealthy", "$unreadyMessage", "$probes")
    status = _status("$unready", "{{- $started = true -}}{{- $probed = $now -}}")
    alive = (ALIVE, label("NotReady"))
    return [
        Stage("unready", [*alive, phase("Pending"), _UNTOUCHED], [_logs(pod_logs), event, status]),
        Stage("unready-still", [*alive, phase("Running")], [event, status], delay=PROBE_SECONDS),
    ]


def _waiting(reason: str) -> Condition:
    return Condition(f"{_STATUSES}[] | .state.waiting.reason", (reason,))


def _status(state: str, changes: str = "", *, phase: str = "") -> Step:
    return status_step(f"{_failures()}{{{{- $state = {state} -}}}}{{{{- $phase = {json.dumps(phase)} -}}}}{changes}")


def _event(kind: str, reason: str, message: str, count: str = "1") -> Step:
    """One Event whose count grows, as a kubelet's does; KWOK's own events can name neither container nor image."""
    values = (
        f"{{{{- $type := {json.dumps(kind)} -}}}}{{{{- $reason := {json.dumps(reason)} -}}}}"
        f"{{{{- $message := {message} -}}}}{{{{- $count := {count} -}}}}"
    )
    return {"apply": {"template": template("pod") + _failures() + values + template("event")}}


def _logs(pod_logs: Path) -> Step:
    """What the container said, now and before it was started again: `logs` and `logs --previous`."""
    folder = f"{{{{- $folder := {json.dumps(str(pod_logs))} -}}}}"
    return {"apply": {"template": template("pod") + folder + template("logs")}}


def _failures() -> str:
    text = template("failures")
    for name, value in {
        "PULL_SECONDS": PULL_SECONDS,
        "PROBE_SECONDS": PROBE_SECONDS,
        "BACK_OFF_SECONDS": " ".join(map(str, BACK_OFF_SECONDS)),
        "BACK_OFF_LAST": len(BACK_OFF_SECONDS) - 1,
    }.items():
        text = text.replace(name, str(value))
    return text


def _back_off_delay() -> str:
    """In jq, the same table as in failures.tmpl."""
    restarts = f"([([{_STATUSES}[] | .restartCount] | max), {len(BACK_OFF_SECONDS) - 1}] | min)"
    return f'({json.dumps(BACK_OFF_SECONDS)}[{restarts}] | tostring) + "s"'
