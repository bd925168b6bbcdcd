"""Secret variables belong into Secrets: whatever else they are rendered into is told, at its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from rendering import problems

CONFIG = """\
secrets: [password]
vars: {password: hunter2, url: "pg://{{ password }}@db", pin: "1234"}
service: {web: {vars: {own: "{{ url }}"}}}
"""
OBJECT = "apiVersion: v1\nkind: KIND\nmetadata: {name: web}\nFIELD: {a: VALUE}\n"


def told(project: Path, kind: str, value: str, field: str = "data") -> list[str]:
    template = OBJECT.replace("KIND", kind).replace("FIELD", field).replace("VALUE", value)
    return problems(project, {"configs/dev.yaml": CONFIG, "templates/web/a.yaml": template})


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ('"{{ password }}"', "password"),
        ('"x{{ url }}"', "url"),
        ('"{{ own }}"', "own"),
        ('"{{ password | upper }}"', "password"),
        ('"{{ password | b64encode }}"', "password"),
        ("\"{{ ('a:' ~ password ~ 'z') | b64encode }}\"", "password"),
        ("\"{{ 'abcd' if password | length < 9 else 1 }}{{ url }}\"", "url"),
    ],
)
def test_elsewhere_they_are_refused(tmp_path: Path, value: str, name: str) -> None:
    (problem,) = told(tmp_path, "ConfigMap", value)
    start = f"MSH115 templates/web/a.yaml:4:11: the secret {name} is rendered into ConfigMap, data.a"
    assert problem.startswith(start)
    assert "hunter2" not in problem


@pytest.mark.parametrize(("field", "value"), [("stringData", '"{{ url }}"'), ("data", '"{{ url | b64encode }}"')])
def test_in_a_secret_they_are_at_home(tmp_path: Path, field: str, value: str) -> None:
    assert told(tmp_path, "Secret", value, field) == []


def test_a_digest_tells_nothing(tmp_path: Path) -> None:
    assert told(tmp_path, "ConfigMap", '"{{ password | sha256 }}{{ pin }}"') == []


def test_also_a_template_that_refuses_other_values(tmp_path: Path) -> None:
    value = "\"{{ fail('no') if not url.startswith('pg:') }}{{ url }}\""
    *_, problem = told(tmp_path, "ConfigMap", value)
    assert problem.startswith("MSH115 templates/web/a.yaml:4:11: the secret url")
