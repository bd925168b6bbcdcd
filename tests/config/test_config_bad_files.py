"""Files that are no project files, or no files at all: told in words, at their place, and soon."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from meshctl import config
from meshctl.config import Config
from meshctl.errors import MeshctlError, Problems

FILE = "configs/dev.yaml"
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]\n" for n in range(1, 9)
)
TEXTS = {
    "latin-1": ("vars: {a: é}\n".encode("latin-1"), "MSH001 1:11: byte 0xe9 is no UTF-8"),
    "UTF-16": ("vars: {a: é}\n".encode("utf-16"), "MSH001 1:1: this file is UTF-16"),
    "UTF-16 without a mark": ("vars: {}\n".encode("utf-16-le"), "MSH001 1:2: "),
    "a NUL": (b"vars: {}\n\0", "MSH001 2:1: "),
    "a control character": (b"vars: {}\n# \x07\n", "MSH001 2:3: "),
    "half a surrogate": (b"vars: {a: \xed\xa0\x80}\n", "MSH001 1:11: byte 0xed is no UTF-8"),
    "a tab": (b"vars:\n\ta: 1\n", "MSH001 2:1: a tab, where YAML wants spaces"),
    "lists too deep": (b"vars: " + b"[" * 900, "MSH001 1:206: nested more than 200 levels deep"),
    "dashes too deep": (b"vars:\n" + b"- " * 100_000, "MSH001 2:399: nested more than 200 levels deep"),
    "mappings too deep": (b"".join(b" " * n + b"a:\n" for n in range(1000)), "MSH001 201:201: nested more than"),
    "aliases that explode": (BOMB.encode(), "MSH001 6:15: aliases that stand for more than 100000 values"),
    "an alias in itself": (b"vars: &a {b: *a}\n", "MSH001 1:14: the anchor &a contains itself"),
    "two documents": (b"vars: {}\n---\nvars: {}\n", "MSH001 3:1: a second document begins here"),
    "more than one megabyte": (b"#" * 2**20 + b"\n", f"MSH020 {FILE} has more than 1 MB"),
    "a list": (b"[service]\n", "MSH010 1:1: a project file is a mapping"),
}


def refused(project: Path) -> list[str]:
    with pytest.raises(MeshctlError) as caught:
        loaded(project)
    assert caught.value.exit_code == 2
    errors = caught.value.errors if isinstance(caught.value, Problems) else (caught.value,)
    return [f"{error.code} {error}".replace(f"{FILE}:", "", 1) for error in errors]


def loaded(project: Path) -> Config:
    return config.load(config.Project(project, project / FILE, "dev"), environ={"USER": "anna"}, cwd=project)


@pytest.mark.parametrize(("content", "told"), TEXTS.values(), ids=TEXTS)
def test_texts_that_are_no_yaml(project: Path, content: bytes, told: str) -> None:
    (project / FILE).write_bytes(content)
    (problem,) = refused(project)
    assert problem.startswith(told)


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfvars: {a: 1}\n", b"vars:\r\n  a: 1\r\n", b"vars: {a: 1}\r"])
def test_marks_and_line_ends_of_other_systems(project: Path, content: bytes) -> None:
    (project / FILE).write_bytes(content)
    assert loaded(project).vars == {"a": 1}


def test_every_duplicate_key_is_told(project: Path) -> None:
    (project / FILE).write_text("vars: {a: 1, a: 2, b: {c: 1, c: 2}}\nvars: {}\n")
    assert [problem.split(": ")[0] for problem in refused(project)] == ["MSH002 1:14", "MSH002 1:30", "MSH002 2:1"]


def test_what_is_no_ordinary_file_is_not_opened(project: Path) -> None:
    os.mkfifo(project / FILE)
    assert refused(project) == [f"MSH020 {FILE} is no ordinary file"]
    (project / FILE).unlink()
    (project / FILE).symlink_to("/dev/zero")
    assert refused(project) == [f"MSH020 {FILE} is no ordinary file"]


def test_what_cannot_be_read(project: Path) -> None:
    (project / FILE).symlink_to("dev.yaml")
    assert refused(project) == [f"MSH020 {FILE} cannot be read: Too many levels of symbolic links"]
    (project / FILE).unlink()
    (project / FILE).mkdir()
    assert refused(project) == [f"MSH020 {FILE} is a folder"]


@pytest.mark.parametrize("key", ["extends: %s", "output_path: %s", "templates: [%s]", "vars_from: [{file: %s}]"])
@pytest.mark.parametrize("name", ['"a\\0b"', "a" * 300, "a/" * 2500])
def test_names_that_no_file_can_have(project: Path, key: str, name: str) -> None:
    (project / FILE).write_text(key % name + "\n")
    (problem,) = refused(project)
    assert re.match(r"MSH02[01] 1:\d+: .* (has a NUL in it|is longer than a file's name may be)", problem)


def test_variables_that_would_fill_the_memory(project: Path) -> None:
    more = "".join(f'  v{n + 1}: "{{{{ v{n} * 100 }}}}"\n' for n in range(9))
    (project / FILE).write_text(f"vars:\n  v0: aaaaaaaaaa\n{more}")
    (problem,) = refused(project)
    assert problem.startswith("MSH114 5:7: the result of * is too large")
