"""The arithmetic of the lock, over any runs and any order of what they do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from meshctl.lifecycle.locking.claims import (
    ANNOTATION,
    EVERYTHING,
    Claim,
    Claims,
    Lost,
    Taken,
    age,
    claimed,
    is_fresh,
    lease_body,
    read,
    released,
    renewed,
)
from meshctl.lifecycle.locking.observer import Observer

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SERVICES = ("cache", "postgres", "web")


def claim(run: str, *services: str, **more: Any) -> Claim:
    about = {"action": "start", "user": "anna", "host": "laptop", "process": 7, "machine": "m", "born": "b"}
    return Claim(**{**about, "run": run, "since": NOON, "renewed": NOON, "seconds": 15, "services": services, **more})


def nobody(_: Claim) -> bool:
    return False


moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 as asked for
claims_of_runs = st.lists(
    st.builds(
        claim,
        st.text(min_size=1),
        st.sampled_from([*SERVICES, EVERYTHING]),
        user=st.text(),
        process=st.integers(0, 2**22),
        since=moments,
        renewed=moments,
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda each: each.run,
).map(tuple)


@settings(max_examples=30)
@given(claims_of_runs)
def test_what_is_written_is_read_again(claims: Claims) -> None:
    assert read(lease_body("shop", "dev-anna", claims)) == claims


@settings(max_examples=30)
@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda each: st.dictionaries(st.text(), each))
)
def test_a_damaged_annotation_holds_nothing(record: Any) -> None:
    for text in (json.dumps(record), json.dumps({"a run": record}), "{"):
        assert read({"metadata": {"annotations": {ANNOTATION: text}}}) == ()


def test_the_lease_is_readable() -> None:
    lease = lease_body("shop", "dev-anna", (claim("a", "web"), claim("b", "cache", user="bob", host="ci")))
    assert lease["metadata"]["name"] == "meshctl-shop"
    assert lease["spec"]["holderIdentity"] == "anna@laptop/7, bob@ci/7"
    assert lease["spec"]["renewTime"] == "2026-01-01T12:00:00.000000Z"


@dataclass
class Participant:
    """A run, with what it read last: the server refuses its write when somebody wrote since."""

    mine: Claim
    seen: Claims = ()
    version: int = -1
    holds: bool = False


class Runs(RuleBasedStateMachine):
    """Runs that read and write one Lease in any order, die, and are judged dead; the server checks versions."""

    def __init__(self) -> None:
        super().__init__()
        wanted = [("web",), ("web", "cache"), ("postgres",), (EVERYTHING,)]
        self.runs = [Participant(claim(f"run-{number}", *names)) for number, names in enumerate(wanted)]
        self.stored: Claims = ()
        self.version = 0
        self.dead: set[str] = set()

    who = st.integers(0, 3)

    @rule(number=who)
    def reads(self, number: int) -> None:
        self.runs[number].seen, self.runs[number].version = self.stored, self.version

    @rule(number=who, arithmetic=st.sampled_from([claimed, renewed, released]))
    def writes(self, number: int, arithmetic: Any) -> None:
        run = self.runs[number]
        if run.mine.run in self.dead:
            return
        try:
            wanted = arithmetic(run.seen, run.mine, lambda each: each.run in self.dead)
        except Lost:
            run.holds = False
        except Taken:
            pass
        else:
            if run.version == self.version:
                self.stored, self.version = wanted, self.version + 1
                run.holds = arithmetic is not released

    @rule(number=who)
    def dies(self, number: int) -> None:
        self.dead.add(self.runs[number].mine.run)

    @rule(number=who)
    def begins_again(self, number: int) -> None:
        run = self.runs[number]
        if run.mine.run in self.dead:
            self.runs[number] = Participant(replace(run.mine, run=f"{run.mine.run}+"))

    @invariant()
    def no_service_is_held_twice(self) -> None:
        assert not any(one.shared(other) for one, other in combinations(self.stored, 2))

    @invariant()
    def who_lives_keeps_what_he_holds(self) -> None:
        stored = {each.run for each in self.stored}
        assert all(run.mine.run in stored for run in self.runs if run.holds and run.mine.run not in self.dead)


TestRuns = Runs.TestCase
TestRuns.settings = settings(max_examples=25, stateful_step_count=30)


@pytest.mark.parametrize("years", [-56, 0, 174])
def test_a_claim_expires_by_our_clock_alone(years: int) -> None:
    clock = Clock()
    observer = Observer(clock)
    theirs = claim("a", "web", renewed=NOON.replace(year=NOON.year + years))
    for _ in range(2):
        observer.see((theirs,))
        clock.now += 14.9
        observer.see((theirs,))
        assert not observer.has_expired(theirs)
        theirs = replace(theirs, renewed=theirs.renewed - timedelta(seconds=1))  # a clock that goes backwards moves too
    clock.now += 15
    assert observer.has_expired(theirs)


def test_a_claim_that_is_renewed_while_we_look_is_alive() -> None:
    observer = Observer(Clock())
    theirs = claim("a", "web")
    observer.see((theirs,))
    assert not observer.has_moved(theirs)
    observer.see((replace(theirs, renewed=NOON + timedelta(seconds=5)),))
    assert observer.has_moved(theirs)


def test_a_clock_that_jumps_makes_nobody_older_than_he_is() -> None:
    assert age(claim("a", since=NOON), NOON - timedelta(days=1)) == 0
    assert not is_fresh(claim("a", renewed=NOON), NOON - timedelta(days=1))
    assert is_fresh(claim("a", renewed=NOON), NOON + timedelta(seconds=5))


@dataclass
class Clock:
    now: float = field(default=1000.0)

    def __call__(self) -> float:
        return self.now
