"""How a run is shown: to people on a terminal, in a pipe, and to programs."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable

import pytest
from events_of_runs import BEGAN, a_start, a_stop, deployment, planned
from rich.console import Console

from meshctl.events import Applied, Event, Failed, Finished, Ready, Waiting, from_record, record
from meshctl.output.runs import Board, printer
from meshctl.output.runs.board import Phase
from meshctl.output.runs.live import choose, draw
from meshctl.output.runs.summary import summary
from meshctl.output.terminal import Terminal


def shown(events: Iterable[Event], form: str = "human", **allowed: object) -> str:
    out = io.StringIO()
    terminal = Terminal(io.StringIO(), out, io.StringIO(), **allowed)  # type: ignore[arg-type]
    with printer(form, terminal, clock=lambda: BEGAN + 5) as shows:
        for event in events:
            shows.show(event)
    return out.getvalue()


def test_in_a_pipe_an_event_is_one_plain_line_and_the_end_explains() -> None:
    assert shown(a_start()).splitlines() == [
        "start: 4 services, 4 objects, in namespace dev-anna of kind-dev; prunes 1 object: configmap/old",
        "   0.1s  web       waiting: postgres, cache",
        "   0.2s  postgres  deployment.apps/postgres created",
        "   0.3s  cache     deployment.apps/cache unchanged",
        "   0.4s  cache     configmap/old pruned",
        "   0.5s  postgres  waiting: 0 of 1 pods are ready (0/1 ready)",
        "   1.0s  cache     ready 2/2 in 0.7s",
        "   1.5s  cache     warning: Deprecated: an API that goes",
        '  1m02s  postgres  failed: ImagePullBackOff: the image "postgres:99" cannot be pulled',
        "  1m02s  web       blocked by postgres",
        "FAILED postgres: ImagePullBackOff",
        '  the image "postgres:99" cannot be pulled',
        "  | Warning Failed pod/postgres-0: manifest unknown",
        "  | BackOff pulling image",
        "  next: check the tag",
        "BLOCKED",
        "  web by postgres",
        "error: pods may not be listed",
        "  hint: ask for the right",
        "start failed: 1 ready, 1 failed, 1 blocked, 1 applied, 1 unchanged, 1 pruned in 1m03s",
    ]


def test_a_stop_tells_when_a_service_is_gone_as_a_whole() -> None:
    assert shown(a_stop()).splitlines()[2:] == [
        "   1.0s  web    deployment.apps/web deleted",
        "   2.0s  web    gone",
        "   3.0s  cache  deployment.apps/cache deleted (dry run)",
        "stop interrupted: 1 not begun, 2 deleted in 3.0s",
    ]


@pytest.mark.parametrize(
    ("code", "counts", "last"),
    [
        (0, {}, "start done: nothing to do in 1.0s"),
        (2, {}, "start failed in 1.0s"),
        (3, {"failed": 1}, "start refused: 1 failed in 1.0s"),
    ],
)
def test_the_last_line(code: int, counts: dict[str, int], last: str) -> None:
    assert shown([planned(), Finished(exit=code, seconds=1, counts=counts)]).splitlines()[-1] == last


def test_quiet_leaves_the_summary() -> None:
    lines = shown(a_start(), quiet=True).splitlines()
    assert lines[0] == "FAILED postgres: ImagePullBackOff"
    assert lines[-1].startswith("start failed: ")


def test_what_a_cluster_says_cannot_break_a_line_or_move_the_cursor() -> None:
    evil = Waiting(service="web", reason="two\nlines \x1b[2J and\ta tab", time=BEGAN)
    assert shown([planned("web"), evil]).splitlines()[1] == "   0.0s  web  waiting: two lines [2J and a tab"


def test_programs_get_each_event_as_the_record_that_can_be_read_back() -> None:
    lines = shown(a_start(), "json").splitlines()
    assert [from_record(json.loads(line)) for line in lines] == list(a_start())
    assert [json.loads(line)["type"] for line in lines][:: len(lines) - 1] == ["planned", "finished"]
    assert all(json.loads(line)["meshctl"] == 1 for line in lines)


def test_a_recorded_run_is_shown_like_a_live_one() -> None:
    replayed = [from_record(json.loads(json.dumps(record(event)))) for event in a_start()]
    assert shown(replayed) == shown(a_start())


def board(events: Iterable[Event]) -> Board:
    filled = Board()
    for event in events:
        filled.take(event)
    return filled


def test_the_board_knows_where_each_service_is() -> None:
    found = {row.service: (row.phase, row.reason) for row in board(a_start()).rows.values()}
    assert found == {
        "postgres": (Phase.FAILED, 'ImagePullBackOff: the image "postgres:99" cannot be pulled'),
        "cache": (Phase.READY, ""),
        "web": (Phase.BLOCKED, "by postgres"),
        "admin": (Phase.PENDING, ""),
    }
    assert {row.service: row.phase for row in board(a_stop()).rows.values()} == {
        "web": Phase.GONE,
        "cache": Phase.STOPPING,
    }


def test_a_stopping_service_takes_as_long_as_nothing_held_it_up() -> None:
    """A stop tells of nothing until the first object is gone, so the time runs from when all it waited for was gone."""
    rows = board(a_stop()).rows
    assert rows["web"].seconds(BEGAN + 9) == 2
    assert rows["cache"].seconds(BEGAN + 9) == 7


def picture(events: Iterable[Event], *, now: float, width: int = 80, height: int = 24) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=False, highlight=False)
    console.print(draw(board(events), now=now, width=width, height=height))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_live_table() -> None:
    events = list(a_start())
    assert picture(events[:7], now=BEGAN + 5, width=72) == [
        "start · kind-dev · dev-anna                                         5.0s",
        "━━━━━━━━━━━━━━━━━                                                    1/4",
        "    SERVICE    STATE     READY   TIME   WAITS FOR",
        "●   postgres   waiting   0/1     4.8s   0 of 1 pods are ready",
        "✓   cache      ready     2/2     0.7s   -",
        "    web        pending   -       -      postgres",
        "    admin      pending   -       -      -",
        "",
    ]


def many(number: int, *, failed: int, ready: int, active: int) -> list[Event]:
    names = [f"service-{index:02}" for index in range(number)]
    events: list[Event] = [planned(*names)]
    begun, up, down = names[: failed + ready + active], names[:ready], names[ready : ready + failed]
    evidence = ("e" * 200,) * 30
    events += [Applied(service=name, object=deployment(name), operation="created", time=BEGAN) for name in begun]
    events += [Ready(service=name, seconds=1, ready=1, wanted=1, time=BEGAN + 1) for name in up]
    events += [Failed(service=name, code="Crash", message="m" * 200, evidence=evidence) for name in down]
    return events


@pytest.mark.parametrize("height", [6, 12, 24, 50])
@pytest.mark.parametrize("width", [40, 80, 200])
def test_forty_services_never_scroll_nor_wrap(height: int, width: int) -> None:
    lines = picture(many(43, failed=2, ready=20, active=6), now=BEGAN + 3, width=width, height=height)
    assert len(lines) < height
    assert max(map(len, lines)) <= width


def test_what_matters_is_shown_and_the_rest_is_counted() -> None:
    lines = picture(many(43, failed=2, ready=20, active=6), now=BEGAN + 3)
    assert lines[-1] == "… and 4 pending, 20 ready"
    assert sum("failed" in line for line in lines) == 2
    assert sum("applying" in line for line in lines) == 6


def test_rows_keep_the_order_of_the_plan() -> None:
    rows = list(board(many(43, failed=2, ready=20, active=6)).rows.values())
    kept = choose(rows, 10)
    assert len(kept) == 10
    assert kept == sorted(kept, key=lambda row: row.service)
    assert choose(rows, 43) == rows


@pytest.mark.parametrize("failed", [1, 3, 6])
@pytest.mark.parametrize("number", [8, 43])
def test_the_summary_fits_on_the_screen(failed: int, number: int) -> None:
    events = [
        *many(number, failed=failed, ready=1, active=0),
        Finished(exit=1, seconds=9, counts={"failed": failed, "ready": 1}, time=BEGAN + 9),
    ]
    text = summary(board(events), lambda text, *_: text, width=80, height=40)
    assert len(text.splitlines()) < 40
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("FAILED") == failed
    assert text.splitlines()[-1].startswith("start failed: ")


def test_a_short_run_leaves_a_table_of_its_services() -> None:
    text = summary(board(a_start()), lambda text, *_: text, width=80, height=40).splitlines()
    assert text[:5] == [
        "SERVICE    STATE     READY   TIME",
        "postgres   failed    0/1     1m02s",
        "cache      ready     2/2     0.7s",
        "web        blocked   -       -",
        "admin      pending   -       -",
    ]


def test_the_table_is_wiped_and_the_cursor_is_back_at_the_end() -> None:
    drawn = shown(a_start(), live=True, width=80, height=24)
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") == 1
    assert drawn.rstrip().splitlines()[-1].startswith("start failed: ")


def test_an_exception_in_a_run_leaves_the_terminal_tidy() -> None:
    out = io.StringIO()
    with pytest.raises(KeyError):
        break_while_drawing(Terminal(io.StringIO(), out, io.StringIO(), live=True))
    assert out.getvalue().count("\x1b[?25h") == 1


def break_while_drawing(terminal: Terminal) -> None:
    with printer("human", terminal) as shows:
        shows.show(planned("web"))
        raise KeyError
