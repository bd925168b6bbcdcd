from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshctl.logs import colour_index
from meshctl.logs.line import split_stamp

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "nanoseconds", "text"),
    [
        ("1970-01-01T00:00:01.000000000Z hello", 1_000_000_000, "hello"),
        ("1970-01-01T00:00:01.5Z two  spaces", 1_500_000_000, "two  spaces"),
        ("1970-01-01T00:00:01.000000001Z ", 1_000_000_001, ""),
        ("1970-01-01T00:00:01.000000001Z", 1_000_000_001, ""),
        ("1970-01-01T02:00:01+02:00 from a node with a local clock", 1_000_000_000, "from a node with a local clock"),
        ("1970-01-01T00:00:01Z  leading space", 1_000_000_000, " leading space"),
    ],
)
def test_a_stamp_is_split_from_its_text(raw: str, nanoseconds: int, text: str) -> None:
    assert split_stamp(raw) == (nanoseconds, raw.partition(" ")[0], text)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "plain",
        "2026-01-01 12:00 no stamp",
        "2026-13-41T00:00:00Z x",
        "2026-13-41T00:00:00.000000000Z x",
        'failed to try resolving symlinks in path "/x"',
    ],
)
def test_a_line_without_a_stamp_is_all_text(raw: str) -> None:
    assert split_stamp(raw) == (None, "", raw)


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)),  # noqa: DTZ001 - the zone is drawn apart
    st.integers(-14 * 60, 14 * 60),
    st.integers(0, 999),
)
def test_stamps_of_all_zones_are_read_to_the_nanosecond(moment: datetime, minutes: int, rest: int) -> None:
    sign, zone = "+-"[minutes < 0], abs(minutes)
    stamp = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}{rest:03}{sign}{zone // 60:02}:{zone % 60:02}"
    elapsed = moment.replace(tzinfo=UTC) - timedelta(minutes=minutes) - EPOCH
    assert split_stamp(f"{stamp} x")[0] == elapsed // timedelta(microseconds=1) * 1000 + rest


def test_colours_are_stable_and_spread() -> None:
    assert colour_index("web-7d4b9c-abcde", 6) == 5
    assert {colour_index(f"pod-{number}", 6) for number in range(60)} == set(range(6))
