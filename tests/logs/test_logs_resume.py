"""A log as a file that grows, a server that answers from a whole second on, and connections that break anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from meshctl.logs.line import SECOND
from meshctl.logs.resume import Bookmark


def stamped(time: int, text: str) -> str:
    """`time` in tenths of a second."""
    return f"1970-01-01T00:{time // 600:02}:{time // 10 % 60:02}.{time % 10}00000000Z {text}"


def served(log: list[tuple[int, str]], since: str) -> list[str]:
    second = int(datetime.fromisoformat(since).timestamp()) if since else 0
    return [stamped(time, text) for time, text in log if time // 10 >= second]


# Few texts and few seconds, so that equal lines, also at the very same time, are common.
logs = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["a", "b", ""])), max_size=40).map(
    lambda entries: sorted(entries, key=lambda entry: entry[0])
)


def read_in_pieces(log: list[tuple[int, str]], breaks: list[int]) -> list[str]:
    bookmark, texts = Bookmark(), []
    for length in [*breaks, len(log)]:
        texts += [text for _, _, text in bookmark.unseen(served(log, bookmark.since)[:length])]
    return texts


@given(logs, st.lists(st.integers(0, 12), max_size=8))
def test_broken_connections_lose_nothing_and_double_nothing(log: list[tuple[int, str]], breaks: list[int]) -> None:
    assert read_in_pieces(log, breaks) == [text for _, text in log]


@given(st.integers(1, 40), st.integers(1, 10), st.lists(st.integers(0, 12), max_size=4))
def test_what_tail_left_out_stays_out(length: int, tail: int, breaks: list[int]) -> None:
    """Also when it is of the same second as what was read."""
    log = [(place, f"{place}") for place in range(length)]
    bookmark, texts = Bookmark(), []
    for read in [*breaks, length]:
        answer = served(log, bookmark.since) if bookmark.since else served(log, "")[-tail:]
        texts += [text for _, _, text in bookmark.unseen(answer[:read])]
    assert texts == [text for _, text in log[-tail:]]


@given(logs, st.integers(0, 40), st.integers(0, 40))
def test_a_log_rotated_in_between_is_read_on_from_its_new_beginning(
    log: list[tuple[int, str]], read: int, rotated: int
) -> None:
    """A file that now begins later, but not after what was read: nothing of it is taken for seen by its place."""
    read, rotated = min(read, len(log)), min(rotated, read, len(log))
    numbered = [(time, str(number)) for number, (time, _) in enumerate(log)]
    bookmark = Bookmark()
    texts = [text for _, _, text in bookmark.unseen(served(numbered[:read], ""))]
    texts += [text for _, _, text in bookmark.unseen(served(numbered[rotated:], bookmark.since))]
    assert texts == [text for _, text in numbered]


def test_a_line_without_a_stamp_has_the_time_of_the_one_before() -> None:
    def stream() -> Iterator[str]:
        yield stamped(15, "first")
        yield "the kubelet says something"
        yield stamped(16, "second")

    assert [time for time, _, _ in Bookmark().unseen(stream())] == [
        15 * SECOND // 10,
        15 * SECOND // 10,
        16 * SECOND // 10,
    ]


def test_since_is_the_last_second_read_and_nothing_at_first() -> None:
    bookmark = Bookmark()
    assert bookmark.since == ""
    list(bookmark.unseen([stamped(19, "x"), stamped(31, "y")]))
    assert bookmark.since == "1970-01-01T00:00:03Z"
    assert bookmark.count == 2
