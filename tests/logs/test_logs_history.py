"""What has been logged until now, read through a real API server and compared with `kubectl logs`."""

from __future__ import annotations

import random
import threading
from collections import Counter

import pytest
from faults import FaultyProxy, answer, cut_answer
from logged import MIDNIGHT, SECOND, Stage

from meshctl.cluster import Cluster, connect
from meshctl.errors import Forbidden
from meshctl.logs import LogLine, LogOptions, Selector, patterns, stream

SHOP = Selector("shop")


def read(
    stage: Stage,
    options: LogOptions = LogOptions(),  # noqa: B008 - frozen
    selector: Selector = SHOP,
    cluster: Cluster | None = None,
    notices: list[str] | None = None,
) -> list[LogLine]:
    told: list[str] = [] if notices is None else notices
    lines = stream(cluster or stage.cluster, stage.namespace, selector, options, threading.Event(), notice=told.append)
    return list(lines)


def texts(lines: list[LogLine]) -> list[str]:
    return [line.text for line in lines]


@pytest.fixture
def busy(stage: Stage) -> Stage:
    """Five containers with 40 lines each, at random times of ten seconds."""
    stage.pods("web-0", "web-1", "api-0")
    stage.pods("db-0", containers=("db", "exporter"))
    places = random.Random(7)  # noqa: S311 - no secret
    for pod, container in (("web-0", "app"), ("web-1", "app"), ("api-0", "app"), ("db-0", "db"), ("db-0", "exporter")):
        times = sorted(MIDNIGHT + places.randrange(10 * SECOND) for _ in range(40))
        stage.write(
            pod, *((time, f"{pod} {container} {number}") for number, time in enumerate(times)), container=container
        )
    return stage


def test_all_containers_are_merged_by_time(busy: Stage) -> None:
    lines = read(busy)
    assert [line.time for line in lines] == sorted(line.time for line in lines)
    assert Counter((line.pod, line.container, line.text) for line in lines) == busy.written
    assert {line.service for line in lines} == {"web", "api", "db"}


def test_each_container_reads_as_kubectl_shows_it(busy: Stage) -> None:
    lines = read(busy)
    for pod, container in (("web-1", "app"), ("db-0", "exporter")):
        theirs = busy.kubectl("logs", f"-n{busy.namespace}", pod, f"-c{container}", "--timestamps").splitlines()
        ours = [f"{line.stamp} {line.text}" for line in lines if (line.pod, line.container) == (pod, container)]
        assert ours == theirs


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_a_limit_of_requests_changes_nothing_but_the_way(busy: Stage, limit: int) -> None:
    assert read(busy, LogOptions(max_log_requests=limit)) == read(busy)


def test_services_containers_and_texts_are_chosen(busy: Stage) -> None:
    options = LogOptions(
        exclude_containers=patterns("-E", ["export"]),
        include=patterns("-i", [" [0-4]$"]),
        exclude=patterns("-e", ["4"]),
    )
    lines = read(busy, options, Selector("shop", ("db", "api")))
    assert Counter(texts(lines)) == Counter(
        f"{place} {number}" for place in ("db-0 db", "api-0 app") for number in range(4)
    )


def test_tail_is_of_each_container(busy: Stage) -> None:
    assert Counter(line.pod for line in read(busy, LogOptions(tail=3))) == {
        "web-0": 3,
        "web-1": 3,
        "api-0": 3,
        "db-0": 6,
    }
    assert read(busy, LogOptions(tail=0)) == []
    assert len(read(busy, LogOptions(tail=-1))) == 200


def test_since_is_as_long_ago_as_the_server_thinks(stage: Stage) -> None:
    stage.pods("web-0")
    stage.write("web-0", (MIDNIGHT, "old"))
    stage.say("web-0", "new")
    assert texts(read(stage, LogOptions(since=300))) == ["new"]


def test_pods_of_another_project_with_a_service_of_the_same_name_are_left_out(stage: Stage) -> None:
    stage.pods("web-0", **{"meshctl.dev/project": "shop"})
    stage.pods("web-1", **{"meshctl.dev/project": "bank"})
    stage.write("web-0", (MIDNIGHT, "ours"))
    stage.write("web-1", (MIDNIGHT, "theirs"))
    assert texts(read(stage)) == ["ours"]


def test_the_run_before_is_read_where_there_was_one(stage: Stage) -> None:
    stage.pods("web-0", "web-1")
    stage.write("web-0", (MIDNIGHT, "last words"), previous=True)
    notices: list[str] = []
    assert texts(read(stage, LogOptions(previous=True), notices=notices)) == ["last words"]
    assert notices == []


def test_it_is_said_when_no_container_has_run_before(stage: Stage) -> None:
    stage.pods("web-0")
    notices: list[str] = []
    assert read(stage, LogOptions(previous=True), notices=notices) == []
    assert notices == ["none of these containers has run before"]


def test_it_is_said_when_nothing_runs(stage: Stage) -> None:
    notices: list[str] = []
    assert read(stage, notices=notices, selector=Selector("shop", ("web",))) == []
    assert "no container of web has begun" in notices[0]


def test_a_log_that_is_cut_is_read_on(busy: Stage, proxy: FaultyProxy) -> None:
    with proxy:
        faulty = connect(kubeconfig=proxy.kubeconfig, environ={})
        proxy.inject(cut_answer(), times=4, path="/log")
        assert read(busy, cluster=faulty) == read(busy)
        assert proxy.count(path="sinceTime") == 4


def test_a_log_that_stays_unreadable_is_an_error_and_not_a_gap(busy: Stage, proxy: FaultyProxy) -> None:
    with proxy:
        faulty = connect(kubeconfig=proxy.kubeconfig, environ={})
        proxy.inject(answer(403, "no", reason="Forbidden"), times=99, path="/api-0/log")
        with pytest.raises(Forbidden):
            read(busy, cluster=faulty)
