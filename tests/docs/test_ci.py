"""The pipelines of the CI page pass, on a new project, command by command as the files have them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from console import Shell

from meshctl import __version__, yamlio

FILES = Path(__file__).parents[2] / "docs/ci"
DONE_BEFORE = ("pip install", "meshctl sandbox")  # by whoever runs the tests, and by their fixture


def github() -> list[str]:
    jobs = yamlio.load((FILES / "github.yaml").read_text(), "github.yaml").value["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


def gitlab() -> list[str]:
    jobs: dict[str, Any] = yamlio.load((FILES / "gitlab.yaml").read_text(), "gitlab.yaml").value
    scripts = [job for job in jobs.values() if isinstance(job, dict) and "script" in job]
    return [line for job in scripts for line in (*job["script"], *job.get("after_script", ()))]


@pytest.mark.parametrize("name", ["github", "gitlab"])
def test_a_pipeline_installs_this_version(name: str) -> None:
    """The key of the cache has it too: the control plane of another version would be built again in every run."""
    pipeline: dict[str, Any] = yamlio.load((FILES / f"{name}.yaml").read_text(), name).value
    assert (pipeline.get("env") or pipeline["variables"])["MESHCTL"] == __version__


@pytest.mark.parametrize("commands", [github(), gitlab()], ids=["github", "gitlab"])
def test_a_pipeline_passes(tmp_path: Path, environ: Mapping[str, str], commands: list[str]) -> None:
    shell = Shell(tmp_path, environ)
    shell.run("meshctl init shop")
    shell.run("cd shop")
    ours = [command for command in commands if not command.startswith(DONE_BEFORE)]
    assert len(ours) == 4
    printed = {command: shell.run(command) for command in ours}
    assert not {command: text for command, text in printed.items() if "exit code" in text}
    report = ET.parse(tmp_path / "shop/start.xml").getroot()  # noqa: S314 - written a moment ago, by us
    assert {case.get("name") for case in report.iter("testcase")} >= {"web", "database"}


def test_findings_fail_the_pipeline(tmp_path: Path, environ: Mapping[str, str]) -> None:
    shell = Shell(tmp_path, environ)
    shell.run("meshctl init shop")
    shell.run("cd shop")
    shell.run("sed -i 's/web_image/web_imgae/' templates/web/web.yaml")
    printed = shell.run(github()[1])
    assert printed.startswith("::error file=templates/web/web.yaml,line=3,col=38,title=MSH102::")
    assert printed.endswith("exit code 4\n")
