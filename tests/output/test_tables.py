"""Tables in kubectl's manner, and the wording of what is in them."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshctl.output import wording
from meshctl.output.tables import Column, cell_width, cut, table

COLUMNS = (Column("NAME"), Column("IP", wide=True), Column("REASON"))


def test_columns_are_aligned_without_boxes_and_nothing_is_said_so() -> None:
    rows = [["web", "10.0.0.1", ""], ["trade-server", "", "it crashed"]]
    assert table(COLUMNS, rows).splitlines() == [
        "NAME           REASON",
        "web            <none>",
        "trade-server   it crashed",
    ]
    assert table(COLUMNS, rows, wide=True).splitlines() == [
        "NAME           IP         REASON",
        "web            10.0.0.1   <none>",
        "trade-server   <none>     it crashed",
    ]


def test_a_table_of_nothing_is_its_titles() -> None:
    assert table(COLUMNS, []) == "NAME   REASON"


def test_colour_does_not_disturb_the_columns() -> None:
    columns = [Column("STATE", style=lambda text: ("red",) if text == "failed" else ()), Column("NAME")]
    painted = table(
        columns, [["failed", "a"], ["ok", "b"]], paint=lambda text, *styles: f"<{text}>" if styles else text
    )
    assert painted.splitlines() == ["STATE    NAME", "<failed>   a", "ok       b"]


def test_on_a_terminal_the_last_column_is_cut_where_the_screen_ends() -> None:
    lines = table(COLUMNS, [["web", "", "a very long reason indeed, that nobody reads"]], width=30).splitlines()
    assert lines[1] == "web    a very long reason ind…"
    assert len(lines[1]) == 30


def test_wide_letters_take_two_columns() -> None:
    lines = table([Column("NAME"), Column("AGE")], [["支付", "1s"], ["pay", "2s"]]).splitlines()
    assert [cell_width(line) for line in lines] == [10, 9, 9]
    assert cut("支付支付支付支付", 11) == "支付支付支…"


@given(st.text(max_size=40), st.integers(10, 30))
def test_a_cut_text_is_never_wider_than_asked(text: str, width: int) -> None:
    assert cell_width(cut(text, width)) <= width
    assert cut(text, width) == text or cut(text, width).endswith("…")


@given(st.lists(st.tuples(*[st.text("abc-é", min_size=1, max_size=9)] * 2), max_size=5))
def test_awk_finds_every_cell(rows: list[tuple[str, str]]) -> None:
    lines = table([Column("A"), Column("B")], rows).splitlines()
    assert [tuple(line.split()) for line in lines] == [("A", "B"), *rows]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (599, "9m59s"), (600, "10m"), (3600, "60m"),
        (3 * 3600 - 1, "179m"), (3 * 3600, "3h"), (3 * 3600 + 120, "3h2m"), (8 * 3600, "8h"), (47 * 3600, "47h"),
        (48 * 3600, "2d"), (51 * 3600, "2d3h"), (8 * 86400, "8d"), (729 * 86400, "729d"), (730 * 86400, "2y"),
        (800 * 86400, "2y70d"), (10**11, "3170y"),
    ],
)  # fmt: skip
def test_ages_are_worded_as_kubectl_does(seconds: int, text: str) -> None:
    assert wording.age(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0s"), (0.26, "0.3s"), (9.94, "9.9s"), (9.96, "10s"), (59.6, "1m00s"), (65, "1m05s"), (7380, "2h03m")],
)
def test_durations(seconds: float, text: str) -> None:
    assert wording.seconds(seconds) == text


def test_a_plain_table_survives_a_pipe_to_awk() -> None:
    text = table([Column("NAME"), Column("STATE")], [["web", "ready"], ["cache", ""]])
    ended = subprocess.run(["awk", "{print $2}"], input=text, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["STATE", "ready", "<none>"]
