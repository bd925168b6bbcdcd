from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from meshctl.logs.line import LogLine
from meshctl.logs.merge import Window, in_order

HOLD = 1.0


def lines(pod: str, times: Iterable[int]) -> list[LogLine]:
    return [LogLine("web", pod, "app", time, str(number), "") for number, time in enumerate(times)]


def by_pod(merged: Iterable[LogLine]) -> dict[str, list[LogLine]]:
    found = defaultdict(list)
    for line in merged:
        found[line.pod].append(line)
    return dict(found)


sorted_streams = st.lists(st.lists(st.integers(0, 50)).map(sorted), max_size=8).map(
    lambda streams: [lines(f"pod-{index}", times) for index, times in enumerate(streams)]
)
any_streams = st.lists(st.lists(st.integers(0, 50)), max_size=8).map(
    lambda streams: [lines(f"pod-{index}", times) for index, times in enumerate(streams)]
)


@given(sorted_streams)
def test_sorted_streams_merge_sorted(streams: list[list[LogLine]]) -> None:
    merged = list(in_order(streams))
    assert [line.time for line in merged] == sorted(line.time for stream in streams for line in stream)


@given(any_streams)
def test_nothing_is_lost_or_doubled_and_each_stream_keeps_its_order(streams: list[list[LogLine]]) -> None:
    assert by_pod(in_order(streams)) == {stream[0].pod: stream for stream in streams if stream}


def test_the_merge_is_lazy() -> None:
    taken = []

    def endless() -> Iterable[LogLine]:
        for number in range(10**9):
            taken.append(number)
            yield LogLine("web", "a", "app", number, "", "")

    merged = in_order([endless(), lines("b", [5])])
    assert [next(merged).pod for _ in range(7)] == ["a", "a", "a", "a", "a", "a", "b"]
    assert len(taken) < 10


arrivals = st.lists(
    st.tuples(st.floats(0, 0.5), st.integers(0, 3), st.lists(st.integers(0, 20), max_size=5)), max_size=20
)


@given(arrivals)
def test_the_window_gives_out_every_line_once_in_its_streams_order_and_in_time(
    batches: list[tuple[float, int, list[int]]],
) -> None:
    """Whenever lines arrive, of whatever time: none is held longer than HOLD after the look at the clock."""
    window, clock, sent, given_out = Window(HOLD), 0.0, defaultdict(list), []
    arrived: list[tuple[float, LogLine]] = []
    for number, (pause, pod, times) in enumerate(batches):
        clock += pause
        batch = [LogLine("web", f"pod-{pod}", "app", time, f"{number}.{place}", "") for place, time in enumerate(times)]
        window.add(batch, clock)
        sent[f"pod-{pod}"] += batch
        arrived += [(clock, line) for line in batch]
        given_out += window.due(clock)
        assert {line for when, line in arrived if when + HOLD <= clock} <= set(given_out)
    given_out += window.due(clock + HOLD)
    assert by_pod(given_out) == {pod: batch for pod, batch in sent.items() if batch}
    assert not window


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1000)), max_size=30))
def test_lines_that_arrive_within_the_window_come_out_sorted(stamped: list[tuple[int, int]]) -> None:
    """Each line arrives at most HOLD after its time, so the order can be restored."""
    window, given_out = Window(HOLD), []
    latest: dict[int, int] = {}
    for pod, time in sorted(stamped, key=lambda each: each[1] + each[0] * 250):  # pod 3 is always 0.75 s behind
        latest[pod] = max(latest.get(pod, 0), time)
        now = (time + pod * 250) / 1000
        given_out += window.due(now)
        window.add([LogLine("web", str(pod), "app", time, "", "")], now)
    given_out += window.due(float("inf"))
    assert [line.time for line in given_out] == sorted(time for _, time in stamped)
