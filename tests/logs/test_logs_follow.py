"""Following, through a real API server: pods that come, restart and go, and connections that break."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from faults import FaultyProxy, answer
from logged import MIDNIGHT, SECOND, Listener, Stage, eventually

from meshctl.cluster import Cluster, connect
from meshctl.errors import Forbidden
from meshctl.logs import LogLine, LogOptions, Selector, stream


def follow(stage: Stage, cluster: Cluster | None = None, **options: int) -> Listener:
    def lines(interrupt: threading.Event, notice: Callable[[str], None]) -> Iterable[LogLine]:
        wanted = LogOptions(follow=True, **options)  # type: ignore[arg-type]
        return stream(cluster or stage.cluster, stage.namespace, Selector("shop"), wanted, interrupt, notice=notice)

    return Listener(lines)


def has(listener: Listener, *texts: str) -> Callable[[], bool]:
    return lambda: set(texts) <= set(listener.texts)


def test_history_comes_first_in_order_and_then_what_is_new(stage: Stage) -> None:
    stage.pods("web-0", "web-1")
    stage.write("web-0", (MIDNIGHT, "1"), (MIDNIGHT + 2 * SECOND, "3"))
    stage.write("web-1", (MIDNIGHT + SECOND, "2"), (MIDNIGHT + 3 * SECOND, "4"))
    with follow(stage) as listener:
        eventually(has(listener, "1", "2", "3", "4"))
        stage.say("web-1", "5")
        eventually(has(listener, "5"))
    assert listener.texts == ["1", "2", "3", "4", "5"]


def test_lines_of_several_pods_come_out_in_the_order_of_their_time(stage: Stage) -> None:
    pods = ("web-0", "web-1", "api-0")
    stage.pods(*pods)
    with follow(stage) as listener:
        stage.say("web-0", "first")
        eventually(has(listener, "first"))
        began = time.time_ns()
        for place in (2, 0, 1):  # the files are written pod by pod, so the lines arrive out of their order
            stage.write(pods[place], *((began + number * 3 + place, f"{number}") for number in range(100)))
        eventually(lambda: len(listener.lines) == 301)
    assert [line.time for line in listener.lines] == sorted(line.time for line in listener.lines)


def test_tail_is_for_what_was_there_and_not_for_new_pods(stage: Stage) -> None:
    stage.pods("web-0")
    stage.write("web-0", *((MIDNIGHT + number, f"old {number}") for number in range(10)))
    with follow(stage, tail=2) as listener:
        eventually(has(listener, "old 9"))
        stage.pods("web-1")
        stage.say("web-1", "new 0", "new 1", "new 2")
        eventually(has(listener, "new 2"))
    assert listener.texts == ["old 8", "old 9", "new 0", "new 1", "new 2"]
    assert "web-1/app is new" in listener.notices


def test_tail_of_nothing_shows_only_what_comes(stage: Stage) -> None:
    stage.pods("web-0")
    stage.write("web-0", (MIDNIGHT, "old"))
    with follow(stage, tail=0) as listener:
        eventually(lambda: _say_until(stage, listener))
    assert "old" not in listener.texts


def _say_until(stage: Stage, listener: Listener) -> bool:
    stage.say("web-0", "new")
    return "new" in listener.texts


def test_a_restarted_container_is_read_on_with_what_its_run_before_still_said(stage: Stage) -> None:
    stage.pods("web-0")
    stage.say("web-0", "begin")
    with follow(stage) as listener:
        eventually(has(listener, "begin"))
        stage.write("web-0", (time.time_ns(), "last words"), previous=True)  # which no connection was left to read
        stage.restart("web-0")
        eventually(has(listener, "last words"))
        stage.say("web-0", "again")
        eventually(has(listener, "again"))
    assert Counter(listener.texts) == Counter(text for _, _, text in stage.written)
    assert "web-0/app has restarted" in listener.notices


def test_a_pod_that_goes_is_told_and_its_reader_ends(stage: Stage) -> None:
    stage.pods("web-0", "web-1")
    stage.say("web-0", "here")
    with follow(stage) as listener:
        eventually(has(listener, "here"))
        stage.delete("web-0")
        eventually(lambda: "pod web-0 is gone" in listener.notices)
        eventually(lambda: not _readers("web-0"))
        stage.say("web-1", "still here")
        eventually(has(listener, "still here"))


def test_over_the_limit_containers_wait_for_a_place_instead_of_ending_it_all(stage: Stage) -> None:
    stage.pods("web-0", "web-1")
    stage.say("web-0", "one")
    stage.say("web-1", "two")
    with follow(stage, max_log_requests=1) as listener:
        eventually(has(listener, "one", "two"))
        eventually(lambda: "reading 1 logs at once (--max-log-requests), 1 more must wait" in listener.notices)
        stage.say("web-1", "three")
        stage.delete("web-0")
        eventually(has(listener, "three"))
    assert listener.texts == ["one", "two", "three"]


def _readers(pod: str) -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(f"log {pod}")]


def test_an_interrupt_ends_it_at_once_and_leaves_nothing_open(stage: Stage) -> None:
    stage.pods(*(f"web-{number}" for number in range(12)))
    stage.say("web-3", "here")
    with follow(stage) as listener:
        eventually(has(listener, "here"))
        eventually(lambda: len(_readers("web-")) == 12)
        assert listener.stop() < 2  # seconds, on however busy a machine; a reader that was not woken takes for ever
        eventually(lambda: not _readers("web-"), seconds=1)


def test_cut_connections_lose_and_double_nothing(stage: Stage, proxy: FaultyProxy) -> None:
    """Equal lines too: what was read before is known by its time as well."""
    pods = ("web-0", "web-1", "api-0")
    stage.pods(*pods)
    with proxy, follow(stage, connect(kubeconfig=proxy.kubeconfig, environ={})) as listener:
        stage.say("web-0", "first")
        eventually(has(listener, "first"))
        for number in range(90):
            for pod in pods:
                stage.say(pod, f"{number // 2}")
            if number % 30 == 15:
                proxy.cut_all()
            time.sleep(0.01)
        stage.say("web-0", "last")
        eventually(has(listener, "last"))
        eventually(lambda: len(listener.lines) == stage.written.total())
    assert Counter((line.pod, line.container, line.text) for line in listener.lines) == stage.written
    for pod in pods:
        own = [int(line.text) for line in listener.lines if line.pod == pod and line.text.isdecimal()]
        assert own == sorted(own)
    assert any("trying again" in notice for notice in listener.notices)


def test_a_log_that_must_not_be_read_ends_it(stage: Stage, proxy: FaultyProxy) -> None:
    stage.pods("web-0")
    with proxy:
        proxy.inject(answer(403, "no", reason="Forbidden"), times=99, path="/log")
        listener = follow(stage, connect(kubeconfig=proxy.kubeconfig, environ={}))
        listener.__enter__()
        eventually(partial(listener.has_failed, Forbidden))


def test_a_watch_that_was_forgotten_is_begun_again(stage: Stage, proxy: FaultyProxy) -> None:
    """410 Gone: the pods are listed anew, and what was missed in between is found."""
    stage.pods("web-0")
    with proxy, follow(stage, connect(kubeconfig=proxy.kubeconfig, environ={})) as listener:
        eventually(lambda: proxy.count(path="watch=1") > 0)
        proxy.inject(answer(410, "too old resource version", reason="Expired"), times=1, path="watch=1")
        stage.pods("web-1")
        proxy.cut_all()
        stage.say("web-1", "found")
        eventually(has(listener, "found"))
    assert listener.texts == ["found"]
