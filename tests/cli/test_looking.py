"""wait, describe and events: what is there, and why it is not ready."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from calling import Meshctl, events

FAILING = ("--set", "service.cache.vars.fail=CreateContainerConfigError")


def test_two_services_that_run(on_cluster: Meshctl) -> None:
    """Waited for, described and listed, one after the other: it is the start that costs."""
    assert on_cluster("start", "-q").code == 0
    waited = events(on_cluster("wait", "-o", "json"))
    assert [event["type"] for event in waited] == ["planned", "ready", "ready", "finished"]
    assert (waited[0]["action"], waited[0]["objects"], waited[-1]["exit"]) == ("wait", 6, 0)
    assert on_cluster("wait", "web", "--for", "cel=self.status.readyReplicas >= 1", "-q").code == 0
    assert on_cluster("wait", "web", "--for=condition=available=true", "-q").code == 0
    assert on_cluster("wait", "web", "--for", "applied", "-q").code == 0
    late = events(
        on_cluster("wait", "web", "--for", "cel=self.status.readyReplicas > 7", "--timeout", "0", "-o", "json")
    )
    assert (late[-2]["type"], late[-1]["exit"]) == ("failed", 1)
    assert "waiting for self.status.readyReplicas > 7" in late[-2]["message"]
    kept = events(on_cluster("wait", "web", "--for", "delete", "--timeout", "0", "-o", "json"))
    assert (kept[-2]["code"], kept[-1]["exit"]) == ("NotDeleted", 1)

    document = json.loads(on_cluster("describe", "web", "-o", "json").out)
    described = document["services"][0]
    assert document["meshctl"] == 1
    assert (described["name"], described["state"], described["drift"]) == ("web", "ready", False)
    assert (described["needs"], described["needed_by"], described["diagnosis"]) == (["cache"], [], None)
    assert {each["state"] for each in described["objects"]} == {"Current"}
    assert [each["object"]["kind"] for each in described["objects"]] == ["ConfigMap", "Service", "Deployment"]
    assert described["services"][0]["endpoints"] == len(described["pods"]) == 1
    assert yaml.safe_load(on_cluster("describe", "web", "-o", "yaml").out).keys() == document.keys()
    drifted = on_cluster("describe", "web", "--set", "vars.tag=v2").out
    assert "Drift:       Deployment web changed, ConfigMap web changed (meshctl diff web)" in drifted

    listed = json.loads(on_cluster("events", "web", "-o", "json").out)["events"]
    assert {row["object"]["kind"] for row in listed} == {"Deployment", "ReplicaSet", "Pod"}
    assert {row["service"] for row in listed} == {"web"}
    assert [row["time"] for row in listed] == sorted(row["time"] for row in listed)
    assert on_cluster("events", "--types", "Warning").out == "no events\n"
    header = on_cluster("events").out.splitlines()[0]
    assert header.split("   ")[0] == "LAST SEEN"

    assert on_cluster("stop", "--all", "-q").code == 0
    gone = events(on_cluster("wait", "--all", "--for", "deleted", "-o", "json"))
    assert (gone[-1]["counts"], gone[-1]["exit"]) == ({"gone": 2}, 0)
    missing = events(on_cluster("wait", "web", "-o", "json"))
    assert (missing[-2]["code"], missing[-1]["exit"]) == ("NotRunning", 1)


def test_a_service_that_fails_is_explained(on_cluster: Meshctl) -> None:
    assert on_cluster("start", "--no-wait", "cache", "-q", *FAILING).code == 0
    failed = events(on_cluster("wait", "cache", "-o", "json"))[-2]
    assert failed["type"] == "failed"
    described = json.loads(on_cluster("describe", "cache", "--no-drift", "-o", "json").out)["services"][0]
    assert described["state"] == "failed"
    assert described["diagnosis"]["code"] == failed["code"]
    assert described["diagnosis"]["certain"]
    assert described["diagnosis"]["evidence"]
    assert described["reason"] == f"{failed['code']}: {failed['message']}"
    screen = on_cluster("describe", "cache", "--no-drift").out
    assert f"Not ready: {failed['code']}\n  {failed['message']}\n  | " in screen
    warned = json.loads(on_cluster("events", "cache", "--types", "warning", "-o", "json").out)["events"]
    assert {row["type"] for row in warned} == {"Warning"}
    assert {row["object"]["kind"] for row in warned} == {"Pod"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("wait", "--for", "sunrise"), "nothing of that kind can be waited for"),
        (("wait", "--for", "cel=self.status."), "the expression is no CEL"),
        (("wait", "--for", "cel=size(self.spec)"), "the expression gives int"),
        (("wait", "--for", "condition="), "nothing of that kind can be waited for"),
        (("events", "--types", "Error"), "there is no type 'Error'"),
        (("describe", "nobody"), "no service is called 'nobody'"),
    ],
)
def test_what_is_refused(on_cluster: Meshctl, arguments: tuple[str, ...], said: str) -> None:
    code, _, err = on_cluster(*arguments)
    assert code == 2
    assert said in err


def test_a_run_leaves_reports(on_cluster: Meshctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    reports = ("--report", f"junit={tmp_path}/run.xml,github")
    code, out, err = on_cluster("start", "-q", "-o", "json", *reports, *FAILING)
    assert code == 1
    assert all(json.loads(line) for line in out.splitlines())
    assert err.startswith("::error title=meshctl start%3A cache%3A ")
    assert 'message="blocked by cache"' in (tmp_path / "run.xml").read_text()
    assert "| web | blocked |" in (tmp_path / "summary.md").read_text()
