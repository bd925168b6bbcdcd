"""The contract of machine output: its page says what every type of event has, and the code keeps to it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from meshctl.events import (
    Applied,
    Blocked,
    Deleted,
    ErrorRaised,
    Event,
    Failed,
    Finished,
    Planned,
    Pruned,
    Ready,
    Unchanged,
    Waiting,
    Warned,
    from_record,
    record,
)
from meshctl.identity import ObjectRef

PAGE = Path(__file__).parents[1] / "docs" / "events.md"
COMMON = {"meshctl", "time", "type", "service", "object"}
ROW = re.compile(r"^\| `(\w+)` \|([^|]*)\|", re.MULTILINE)
OBJECT = ObjectRef("apps/v1", "Deployment", "dev-anna", "web")
EVENTS: list[Event] = [
    Planned(action="start", namespace="dev-anna", context="kind-dev", services=("cache", "web"), objects=2,
            prunes=(OBJECT,), time=0.5),
    Waiting(service="web", reason="cache"),
    Applied(service="cache", object=OBJECT, operation="created"),
    Unchanged(service="cache", object=OBJECT),
    Ready(service="cache", seconds=0.1, ready=1, wanted=1),
    Failed(service="web", object=OBJECT, code="CrashLoop", message="crashes", evidence=("a", "b"), suggestion="look"),
    Blocked(service="web", by=("cache",)),
    Deleted(service="web", object=OBJECT),
    Pruned(service="web", object=OBJECT),
    Warned(code="Deprecated", message="it goes"),
    ErrorRaised(code="Forbidden", message="no", file="dev.yaml", line=1, column=2, suggestion="ask"),
    Finished(exit=1, seconds=2.5, counts={"ready": 1}),
]  # fmt: skip


@pytest.mark.parametrize("event", EVENTS, ids=[event.type for event in EVENTS])
def test_an_event_has_the_fields_that_the_page_promises(event: Event) -> None:
    promised = {kind: set(re.findall(r"`(\w+)`", fields)) for kind, fields in ROW.findall(PAGE.read_text())}
    assert set(promised) == {each.type for each in EVENTS}
    body = record(event)
    assert set(body) == COMMON | promised[event.type]
    assert (body["meshctl"], body["type"]) == (1, event.type)
    assert from_record(json.loads(json.dumps(body))) == event


def test_the_form_of_the_common_fields() -> None:
    body = record(EVENTS[2])
    assert body["object"] == {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "dev-anna", "name": "web"}
    assert record(EVENTS[0])["time"] == "1970-01-01T00:00:00.500Z"
    assert record(EVENTS[0])["object"] is None


def test_what_a_later_version_adds_is_passed_over() -> None:
    body: dict[str, Any] = {**record(EVENTS[3]), "colour": "red"}
    assert from_record(body) == EVENTS[3]


def test_a_recorded_run_is_shown_again_as_the_page_says(tmp_path: Path) -> None:
    recorded = tmp_path / "run.jsonl"
    recorded.write_text("".join(json.dumps(record(event)) + "\n" for event in EVENTS))
    script = re.search(r"<<'END'\n(.*?)\nEND", PAGE.read_text(), re.DOTALL)
    assert script
    ended = subprocess.run(
        [sys.executable, "-", recorded], input=script[1], capture_output=True, text=True, check=True, timeout=60
    )
    assert "FAILED web: CrashLoop" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "start failed: 1 ready in 2.5s"
