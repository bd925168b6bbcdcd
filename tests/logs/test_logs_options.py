from __future__ import annotations

import re

import pytest

from meshctl.errors import Problems, UsageError
from meshctl.logs import LogOptions, Selector, highlights, patterns


def compiled(*texts: str) -> tuple[re.Pattern[str], ...]:
    return patterns("--include", texts)


def test_include_and_exclude_together_decide_on_a_line() -> None:
    options = LogOptions(include=compiled("ERROR", "WARN"), exclude=compiled("health"))
    assert [text for text in ("ERROR x", "WARN health", "INFO", "a WARN") if options.wants(text)] == [
        "ERROR x",
        "a WARN",
    ]


def test_containers_are_searched_for_and_excluded() -> None:
    options = LogOptions(containers=compiled("^app", "proxy"), exclude_containers=compiled("istio"))
    wanted = [name for name in ("app", "app-2", "istio-proxy", "my-app", "proxy") if options.wants_container(name)]
    assert wanted == ["app", "app-2", "proxy"]


def test_every_bad_pattern_is_named() -> None:
    with pytest.raises(Problems) as caught:
        patterns("--exclude", ["(", "fine", "[a"])
    assert [error.exit_code for error in caught.value.errors] == [2, 2]
    assert "--exclude '('" in caught.value.errors[0].message


@pytest.mark.parametrize(
    "options", [{"follow": True, "previous": True}, {"max_log_requests": 0}, {"tail": -2}, {"since": -1.0}]
)
def test_options_that_make_no_sense_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        LogOptions(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("searched", "spans"),
    [
        (["e"], [(1, 2), (7, 8)]),
        (["hel", "ell"], [(0, 4), (6, 9)]),
        (["x*"], []),
        (["zz"], []),
        (["hello", "l"], [(0, 5), (8, 9)]),
    ],
)
def test_highlights_do_not_overlap(searched: list[str], spans: list[tuple[int, int]]) -> None:
    assert highlights("hello help", compiled(*searched)) == spans


def test_a_selector_names_few_services_and_takes_all_instead_of_many() -> None:
    assert Selector("p").labels == "meshctl.dev/service"
    assert Selector("p", ("web", "api")).labels == "meshctl.dev/service in (api,web)"
    assert Selector("p", tuple(f"service-{number}" for number in range(101))).labels == "meshctl.dev/service"
