"""The nearest right name, and durations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshctl.config import did_you_mean, nearest, parse_duration

NAMES = ["output_path", "must_deps", "web", "website"]


@pytest.mark.parametrize(
    ("name", "near"),
    [("outputpath", "output_path"), ("OUTPUT-PATH", "output_path"), ("webiste", "website"), ("wbe", "web"), ("x", "")],
)
def test_the_nearest_name(name: str, near: str) -> None:
    assert nearest(name, NAMES) == near
    assert did_you_mean(name, NAMES) == (f"did you mean {near}?" if near else "")


@given(st.lists(st.text(max_size=5), min_size=1), st.data())
def test_a_right_name_is_its_own_nearest_but_for_case(names: list[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(names))
    assert nearest(name, names).casefold().replace("_", "-") == name.casefold().replace("_", "-")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("90s", 90),
        ("1m30s", 90),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("100ms", 0.1),
        ("72h", 259200),
        ("1h1m1s", 3661),
    ],
)
def test_durations_are_gos(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "5 m", "-5m", "m", "5d", "5m5", "1e3s", "٣s", "5m\n"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration; write it like 90s, 5m or 1h30m"):
        parse_duration(text)
