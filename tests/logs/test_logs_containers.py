"""Pods as the API server shows them in, the runs whose logs can be read out."""

from __future__ import annotations

from typing import Any

import pytest

from meshctl.logs import LogOptions, Selector, patterns
from meshctl.logs.containers import is_running, runs

ALL = Selector("shop")


def pod(*, labels: dict[str, str] | None = None, **statuses: dict[str, Any]) -> dict[str, Any]:
    """A pod with an init container, a native sidecar, an application and a debugger, in the states given."""
    groups = {
        "initContainerStatuses": ("prepare", "proxy"),
        "containerStatuses": ("app",),
        "ephemeralContainerStatuses": ("debug",),
    }
    return {
        "metadata": {"name": "web-1", "uid": "u1", "labels": labels or {"meshctl.dev/service": "web"}},
        "spec": {
            "initContainers": [{"name": "prepare"}, {"name": "proxy", "restartPolicy": "Always"}],
            "containers": [{"name": "app"}],
            "ephemeralContainers": [{"name": "debug"}],
        },
        "status": {
            group: [{"name": name, **statuses[name]} for name in names if name in statuses]
            for group, names in groups.items()
        },
    }


RUNNING = {
    "containerID": "c2",
    "state": {"running": {"startedAt": "t2"}},
    "lastState": {"terminated": {"containerID": "c1"}},
}
WAITING = {"containerID": "", "state": {"waiting": {"reason": "ContainerCreating"}}}
CRASHED = {
    "containerID": "c2",
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"containerID": "c2"}},
}
COMPLETED = {"containerID": "c0", "state": {"terminated": {"containerID": "c0", "exitCode": 0}}}


def test_all_sorts_of_containers_are_read_in_the_order_of_their_start() -> None:
    found = runs(pod(prepare=COMPLETED, proxy=RUNNING, app=CRASHED, debug=RUNNING), ALL, LogOptions())
    assert [(run.service, run.container, run.id) for run in found] == [
        ("web", "prepare", "c0"), ("web", "proxy", "c2"), ("web", "app", "c2"), ("web", "debug", "c2"),
    ]  # fmt: skip


def test_a_container_that_never_began_has_nothing_to_read() -> None:
    assert runs(pod(app=WAITING), ALL, LogOptions()) == []


def test_previous_is_asked_of_every_container() -> None:
    found = runs(pod(app=RUNNING), ALL, LogOptions(previous=True))
    assert [run.container for run in found] == ["prepare", "proxy", "app", "debug"]


def test_a_crash_keeps_the_run_and_a_restart_makes_another() -> None:
    first, crashed, second = (
        {"containerID": "c1", "state": {"running": {"startedAt": "t1"}}},
        {"containerID": "c1", "state": {"terminated": {"containerID": "c1"}}},
        RUNNING,
    )
    ids = [runs(pod(app=state), ALL, LogOptions())[0].id for state in (first, crashed, second)]
    assert ids == ["c1", "c1", "c2"]


def test_runs_without_a_container_id_are_told_apart_by_their_start() -> None:
    states = [
        {"state": {"running": {"startedAt": "t1"}}},
        {"state": {"terminated": {"startedAt": "t1"}}},
        {"state": {"running": {"startedAt": "t2"}}},
    ]
    assert [runs(pod(app=state), ALL, LogOptions())[0].id for state in states] == ["t1", "t1", "t2"]


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ({"meshctl.dev/service": "web"}, True),
        ({"meshctl.dev/service": "web", "meshctl.dev/project": "shop"}, True),
        ({"meshctl.dev/service": "web", "meshctl.dev/project": "bank"}, False),
        ({"meshctl.dev/service": "api"}, False),
        ({"app": "web"}, False),
    ],
)
def test_only_pods_of_the_project_and_the_selection_are_read(labels: dict[str, str], found: bool) -> None:
    assert bool(runs(pod(labels=labels, app=RUNNING), Selector("shop", ("web",)), LogOptions())) is found


def test_containers_are_chosen_by_pattern() -> None:
    options = LogOptions(exclude_containers=patterns("-E", ["proxy", "debug"]))
    assert [run.container for run in runs(pod(proxy=RUNNING, app=RUNNING, debug=RUNNING), ALL, options)] == ["app"]


def test_a_run_goes_on_until_its_container_or_pod_is_another() -> None:
    now = pod(app=RUNNING)
    (run,) = runs(now, ALL, LogOptions())
    assert is_running(now, run)
    assert not is_running(pod(app=CRASHED), run)
    assert not is_running({**now, "metadata": {**now["metadata"], "uid": "u2"}}, run)
