"""The walk over a plan: what may begin, what waits, what a failure blocks; forward and in reverse."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import all_needs, project, projects

from meshctl.config import Config
from meshctl.plan import TIERS, Plan, Schedule, Selection, select, whole


def order_of(schedule: Schedule) -> list[str]:
    """The order in which services begin when one is worked on at a time."""
    order, turn = [], schedule.ready()
    while turn:
        order.append(turn.pop(0))
        schedule.done(order[-1])
        turn += schedule.ready()
    return order


class TestForward:
    def test_what_is_ready_is_given_out_once_in_order(self) -> None:
        schedule = whole(project({"b": [], "a": [], "c": ["a"]})).schedule()
        assert schedule.ready() == ["b", "a"]
        assert schedule.ready() == []

    def test_a_slow_sibling_delays_nobody_else(self) -> None:
        schedule = whole(project({"slow": [], "quick": [], "after": ["quick"]})).schedule()
        schedule.ready()
        schedule.done("quick")
        assert schedule.ready() == ["after"]

    def test_a_tier_waits_for_all_of_the_tier_before(self) -> None:
        schedule = whole(project({"x": [], "a": [], "b": []}, high=["a", "b"])).schedule()
        assert schedule.ready() == ["a", "b"]
        schedule.done("a")
        assert schedule.ready() == []
        assert schedule.waiting_for("x") == ("b",)
        schedule.done("b")
        assert schedule.ready() == ["x"]

    def test_needs_are_what_it_waits_for_before_the_tier(self) -> None:
        schedule = whole(project({"x": ["y"], "y": [], "a": []}, high=["a"])).schedule()
        assert schedule.waiting_for("x") == ("y",)
        assert schedule.waiting_for("y") == ("a",)
        assert schedule.waiting_for("a") == ()

    def test_finished(self) -> None:
        schedule = whole(project({"a": [], "b": ["a"]}, high=["a"])).schedule()
        assert not schedule.finished
        assert order_of(schedule) == ["a", "b"]
        assert schedule.finished

    def test_a_service_is_settled_once(self) -> None:
        schedule = whole(project({"a": []})).schedule()
        schedule.done("a")
        assert schedule.ready() == []
        with pytest.raises(ValueError, match="a is settled already"):
            schedule.fail("a")
        with pytest.raises(KeyError):
            schedule.done("b")


class TestFailure:
    def test_a_failed_need_blocks_its_dependants_and_is_to_blame(self) -> None:
        config = project({"web": ["backend"], "backend": ["db"], "db": [], "other": []})
        schedule = whole(config).schedule()
        assert schedule.fail("db") == [("backend", ("db",)), ("web", ("db",))]
        assert schedule.blocked == {"backend": ("db",), "web": ("db",)}
        assert schedule.ready() == ["other"]

    def test_the_first_failure_is_to_blame(self) -> None:
        schedule = whole(project({"a": [], "b": [], "c": ["a", "b"]})).schedule()
        assert schedule.fail("b") == [("c", ("b",))]
        assert schedule.fail("a") == []
        assert schedule.blocked == {"c": ("b",)}

    def test_a_failed_member_releases_its_tier(self) -> None:
        schedule = whole(project({"x": [], "a": [], "b": ["a"]}, high=["a", "b"])).schedule()
        assert schedule.fail("a") == [("b", ("a",))]
        assert schedule.ready() == ["x"]

    def test_in_reverse_what_still_runs_keeps_what_it_needs(self) -> None:
        schedule = whole(project({"web": ["db"], "db": [], "other": []})).reverse()
        assert schedule.ready() == ["other", "web"]
        assert schedule.fail("web") == [("db", ("web",))]


class TestReverse:
    def test_tiers_too(self) -> None:
        plan = whole(project({"a": [], "b": ["c"], "c": [], "d": []}, high=["a"], low=["d"]))
        assert order_of(plan.reverse()) == ["b", "c", "d", "a"]

    @given(projects())
    def test_is_exactly_the_other_way_round(self, config: Config) -> None:
        plan = whole(config)
        backward = held_back(plan, plan.reverse)
        assert backward == {(after, before) for before, after in held_back(plan, plan.schedule)}


def held_back(plan: Plan, walk: Callable[[], Schedule]) -> set[tuple[str, str]]:
    """(a, b) for each b that cannot begin while a alone is held back."""
    pairs = set()
    for held in plan.services:
        schedule = walk()
        begun: set[str] = set()
        while turn := schedule.ready():
            begun.update(turn)
            for name in set(turn) - {held}:
                schedule.done(name)
        pairs |= {(held, name) for name in set(plan.services) - begun}
    return pairs


@given(projects(), st.randoms(use_true_random=False))
def test_any_run_respects_needs_and_tiers(config: Config, random: Random) -> None:
    """Services end in any order, some of them in failure."""
    plan = whole(config)
    schedule = plan.schedule()
    running: list[str] = []
    done: set[str] = set()
    failed: set[str] = set()
    while running := running + schedule.ready():
        for name in running:
            assert plan.needs[name] <= done
            above = [other for other in plan.services if TIERS.index(plan.tiers[other]) < TIERS.index(plan.tiers[name])]
            assert set(above) <= done | failed | set(schedule.blocked)
        name = running.pop(random.randrange(len(running)))
        if random.random() < 0.2:
            failed.add(name)
            assert all(name in all_needs(config, lost) for lost, _ in schedule.fail(name))
        else:
            done.add(name)
            schedule.done(name)
    assert schedule.finished
    assert set(schedule.blocked) == {name for name in plan.services if all_needs(config, name) & failed}
    assert done | failed | set(schedule.blocked) == set(plan.services)


@given(projects(), st.data())
def test_a_failure_blocks_exactly_what_needs_it_directly_or_not(config: Config, data: st.DataObject) -> None:
    plan = select(config, Selection(all=True), closure=True)
    broken = data.draw(st.sampled_from(plan.services))
    blocked = plan.schedule().fail(broken)
    assert {name for name, _ in blocked} == {name for name in plan.services if broken in all_needs(config, name)}
    assert {by for _, by in blocked} <= {(broken,)}
