"""How many requests are under way at once, and what the server's complaints do to that."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

from cluster_objects import config_map
from faults import FaultyProxy, crowded
from hypothesis import given, settings
from hypothesis import strategies as st

from meshctl.cluster import Cluster
from meshctl.cluster.pace import Pace


def test_one_rush_halves_it_once() -> None:
    pace = Pace(16)
    with ExitStack() as stack:
        begun = [stack.enter_context(pace.turn()) for _ in range(12)]
        for each in begun:
            pace.slow_down(each)
        assert pace.limit == 6
    with pace.turn() as later:
        pace.slow_down(later)
    assert pace.limit == 1


@settings(max_examples=30)
@given(st.lists(st.booleans()))
def test_it_stays_between_one_and_the_most_and_comes_back(complaints: list[bool]) -> None:
    pace = Pace(8)
    for complains in complaints:
        with pace.turn() as begun:
            pass
        if complains:
            pace.slow_down(begun)
        else:
            pace.speed_up()
        assert 1 <= pace.limit <= 8
    for _ in range(8 * 8):
        pace.speed_up()
    assert pace.limit == 8


def test_whoever_waits_for_room_is_let_go_at_the_end() -> None:
    pace = Pace(1)
    with pace.turn():
        waiting = threading.Thread(target=lambda: pace.turn().__enter__())
        waiting.start()
        time.sleep(0.05)
        assert waiting.is_alive()
        pace.close()
        waiting.join(5)
        assert not waiting.is_alive()


def test_a_crowded_server_gets_everything_with_few_complaints(
    faulty: Cluster, proxy: FaultyProxy, namespace: str
) -> None:
    """Without a pace each of sixteen threads would be turned away again and again."""
    proxy.inject(crowded(3), times=10_000, on="PATCH")
    bodies = [config_map(namespace, f"c{number}") for number in range(96)]
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not bodies:
                    return
                body = bodies.pop()
            assert faulty.apply(body).created

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(faulty.list("v1", "ConfigMap", namespace, fields="metadata.name!=kube-root-ca.crt").items) == 96
    assert 1 <= faulty.throttled <= 50
