"""Objects in, verdicts out: one file of cases a kind in tests/readiness/."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from meshctl.readiness import Readiness, State, readiness, replicas

CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted((Path(__file__).parent / "readiness").glob("*.yaml"))
    for case in yaml.safe_load(file.read_text())["cases"]
]


@pytest.mark.parametrize("case", CASES)
def test_verdict(case: dict[str, Any]) -> None:
    verdict = readiness(case["object"])
    assert (verdict.state, verdict.message) == (case["state"], case.get("message", verdict.message))
    assert verdict.code == case.get("code", verdict.code)
    assert bool(verdict.code) == (verdict.state is State.FAILED)


@pytest.mark.parametrize("case", [case for case in CASES if "replicas" in case.values[0]])
def test_replicas(case: dict[str, Any]) -> None:
    assert replicas(case["object"]) == tuple(case["replicas"])


def test_what_is_not_there() -> None:
    assert readiness(None) == Readiness(State.NOT_FOUND, "it does not exist")


def test_a_pod_has_fifteen_seconds_to_be_scheduled() -> None:
    def unscheduled(age: float) -> dict[str, Any]:
        created = (datetime.now(UTC) - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
        found = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"creationTimestamp": created},
            "status": {"phase": "Pending", "conditions": [found]},
        }

    assert readiness(unscheduled(age=5)).state is State.IN_PROGRESS
    assert readiness(unscheduled(age=20)).state is State.FAILED


def test_moments_may_be_dates_as_a_yaml_reader_makes_them() -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "status": {"startTime": datetime(2026, 1, 1, tzinfo=UTC)}}
    assert "waiting for the job to start" not in readiness(job).message
    assert readiness({"metadata": {"deletionTimestamp": datetime(2026, 1, 1, tzinfo=UTC)}}).state is State.TERMINATING


@pytest.mark.parametrize("word", ["Current", "InProgress", "Failed", "Terminating", "NotFound", "Unknown"])
def test_the_words_are_those_of_kstatus(word: str) -> None:
    assert str(State(word)) == f"{State(word)}" == State(word).value == word


ODD = ["True", "False", "Running", "Pending", "--1", "1" * 5000, "-", "Unschedulable", "Ready", "0001-01-01", 10**30]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
WORDS = ["Ready", "Available", "Progressing", "PodScheduled", "Established", "Failed", "Complete", "Reconciling"]
CONDITION = st.dictionaries(
    st.sampled_from(["type", "status", "reason", "message"]), st.sampled_from(WORDS + ODD) | JSON
)
FIELDS = ["replicas", "readyReplicas", "phase", "containerStatuses", "observedGeneration", "state", "loadBalancer"]
STATUS = st.dictionaries(st.sampled_from(FIELDS), JSON) | st.builds(
    lambda status, conditions: {**status, "conditions": conditions},
    st.dictionaries(st.sampled_from(FIELDS), JSON),
    st.lists(CONDITION | JSON, max_size=3),
)
METADATA = JSON | st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("generation", "deletionTimestamp", "creationTimestamp"), JSON)
)
KINDS = sorted({(case.values[0]["object"]["apiVersion"], case.values[0]["object"]["kind"]) for case in CASES})


@given(st.sampled_from(KINDS), METADATA, JSON, STATUS | JSON)
def test_no_object_is_too_odd_for_a_verdict(kind: tuple[str, str], metadata: Any, spec: Any, status: Any) -> None:
    obj = {"apiVersion": kind[0], "kind": kind[1], "metadata": metadata, "spec": spec, "status": status}
    assert readiness(obj).message
    assert len(replicas(obj)) == 2


@given(JSON)
def test_what_is_no_object_gets_a_verdict_too(value: Any) -> None:
    assert readiness(value).state in State
