"""What a run leaves for CI servers."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from events_of_runs import BEGAN, a_start, a_stop, planned
from junitparser import JUnitXml

from meshctl.errors import UsageError
from meshctl.events import Event, Failed, Finished, Warned
from meshctl.output.runs.reports import parse
from meshctl.output.terminal import Terminal


def written(events: Iterable[Event], asked: str, environ: dict[str, str] | None = None) -> str:
    """What is told on stderr."""
    said = io.StringIO()
    reports = parse([asked], Terminal(io.StringIO(), io.StringIO(), said, quiet=True), environ or {})
    for event in events:
        for report in reports:
            report.take(event)
    for report in (*reports, *reports):
        report.close()
    return said.getvalue()


def junit(events: Iterable[Event], folder: Path) -> ET.Element:
    file = folder / "reports" / "run.xml"
    written(events, f"junit={file}")
    suite = ET.parse(file).getroot().find("testsuite")  # noqa: S314 - our own file
    assert suite is not None
    return suite


def test_a_case_a_service(tmp_path: Path) -> None:
    suite = junit(a_start(), tmp_path)
    counts = [suite.get(name) for name in ("name", "tests", "failures", "skipped", "errors")]
    assert counts == ["meshctl start", "5", "1", "2", "1"]
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert {case.get("classname") for case in cases.values()} == {"meshctl.start", "meshctl"}
    assert (cases["cache"].get("time"), len(cases["cache"])) == ("0.7", 0)
    failure = cases["postgres"].find("failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == (
        "ImagePullBackOff",
        'the image "postgres:99" cannot be pulled',
    )
    assert (failure.text or "").splitlines() == [
        'ImagePullBackOff: the image "postgres:99" cannot be pulled',
        "| Warning Failed pod/postgres-0: manifest unknown",
        "| BackOff pulling image",
        "next: check the tag",
    ]
    skipped = {name: case.find("skipped") for name, case in cases.items()}
    assert {name: found.get("message") for name, found in skipped.items() if found is not None} == {
        "web": "blocked by postgres",
        "admin": "pending, nothing was waited for",
    }
    error = cases["start"].find("error")
    assert error is not None
    assert (error.get("type"), error.text) == ("Forbidden", "pods may not be listed\nhint: ask for the right")


def test_an_interrupted_run_says_what_was_not_begun(tmp_path: Path) -> None:
    warned = Warned(service="cache", code="NotBegun", message="not begun", time=BEGAN + 2)
    suite = junit([*list(a_stop())[:-1], warned], tmp_path)
    skipped = [(case.get("name"), case[0].get("message")) for case in suite.iter("testcase") if len(case)]
    assert skipped == [("cache", "not begun")]


def test_what_a_cluster_says_is_valid_xml(tmp_path: Path) -> None:
    evil = Failed(service="web", code="Crash", message="\x1b[31m<&\x00]]>", evidence=("\ud800", "a\tb\nc"), time=BEGAN)
    file = tmp_path / "run.xml"
    written([planned("web"), evil, Finished(exit=1, seconds=1, counts={}, time=BEGAN)], f"junit={file}")
    assert [case.name for suite in JUnitXml.fromfile(str(file)) for case in suite] == ["web"]


def test_annotations_and_a_step_summary(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    said = written(a_start(), "github", {"GITHUB_STEP_SUMMARY": str(summary)})
    assert said.splitlines() == [
        (
            "::error title=meshctl start%3A postgres%3A ImagePullBackOff::"
            'ImagePullBackOff: the image "postgres:99" cannot be pulled%0A'
            "| Warning Failed pod/postgres-0: manifest unknown%0A| BackOff pulling image%0Anext: check the tag"
        ),
        "::error title=meshctl start%3A Forbidden::pods may not be listed%0Ahint: ask for the right",
        "::warning title=meshctl start%3A cache%3A Deprecated::an API that goes",
    ]
    assert summary.read_text().splitlines()[:8] == [
        "before",
        "### ❌ meshctl start failed: 1 ready, 1 failed, 1 blocked, 1 applied, 1 unchanged, 1 pruned in 1m03s",
        "",
        "| Service | State | Ready | Time | Why |",
        "| --- | --- | --- | --- | --- |",
        '| postgres | failed | 0/1 | 1m02s | ImagePullBackOff: the image "postgres:99" cannot be pulled |',
        "| cache | ready | 2/2 | 0.7s |  |",
        "| web | blocked |  |  | by postgres |",
    ]


def test_a_percent_sign_and_a_comma_are_not_eaten() -> None:
    failed = Failed(service="web", code="A,B", message="100%", time=BEGAN)
    assert written([planned("web"), failed], "github") == "::error title=meshctl start%3A web%3A A%2CB::A,B: 100%25\n"


@pytest.mark.parametrize("asked", ["xml=a", "junit", "junit=", "", "github,html"])
def test_other_reports_are_refused(asked: str) -> None:
    with pytest.raises(UsageError, match="there is no report"):
        written([], asked)


def test_a_run_that_does_not_begin_leaves_a_report_too(tmp_path: Path) -> None:
    error = junit([], tmp_path).find("testcase/error")
    assert error is not None
    assert error.get("type") == "NotBegun"


def test_a_file_that_cannot_be_written_is_told_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        written([], f"junit={tmp_path / 'file' / 'run.xml'}")
