"""Templates that would never end, fill the memory or leave the sandbox are stopped, with their line and soon."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from meshctl import templating, yamlio
from meshctl.errors import MeshctlError, TemplateError

HOSTILE = yamlio.load(Path(__file__).with_name("hostile_templates.yaml").read_text(), "hostile_templates.yaml").value


def rendered(folder: Path, text: str) -> str:
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "templates" / "test.yaml").write_text(text)
    folders = templating.Folders((folder / "templates",), folder)
    return templating.render(templating.environment(folders), "test.yaml", {})


@pytest.mark.parametrize("text", HOSTILE["endless"].values(), ids=HOSTILE["endless"])
def test_it_is_stopped_with_its_line_and_soon(tmp_path: Path, text: str) -> None:
    began, before = time.thread_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TemplateError) as caught:
        rendered(tmp_path, text)
    assert caught.value.where
    assert caught.value.where.file == "templates/test.yaml"
    assert caught.value.where.line > 0 or "renders to more than" in caught.value.message
    assert time.thread_time() - began < 2.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000  # KiB


@pytest.mark.parametrize("text", HOSTILE["escapes"])
def test_it_does_not_leave_the_sandbox(tmp_path: Path, text: str) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/dev.yaml").write_text("leaked")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/loop.yaml").symlink_to("loop.yaml")
    with pytest.raises(MeshctlError) as caught:
        print(rendered(tmp_path, text))
    assert caught.value.exit_code == 2
    assert caught.value.where


def test_what_is_of_use_has_room(tmp_path: Path) -> None:
    text = (
        "{% for i in range(4000) %}{% set x = {'a': i} | tojson %}{{ x }}\n{% endfor %}{{ ('x' * 1000000) | sha256 }}"
    )
    assert len(rendered(tmp_path, text).splitlines()) == 4001
