"""Every rendered line is traced to the line of the template that made it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshctl import templating
from meshctl.templating import Folders

# Pieces of a template; LINE stands for the number of the line, so that the text says where it is from.
PIECES = [
    "LINE plain",
    "  LINE {{ value }}",
    "{# a\ncomment #}",
    "{% if true %}\nLINE in if\n{% endif %}",
    "{% if false %}\nLINE never\n{% endif %}",
    "{% for i in [1, 2] %}\nLINE in for\n{% endfor %}",
    "{%- if true -%}\nLINE stripped\n{%- endif %}",
    "{% set x %}\nLINE in a variable\n{% endset %}{{ x | trim }}",
    "{% set y %}\nLINE indented\n\nLINE too\n{% endset %}{{ y | indent(4) }}",
    "{% raw %}LINE {{ raw }}{% endraw %}",
    "{% filter upper %}LINE shout{% endfilter %}",
    "{% call twice() %}\nLINE in call\n{% endcall %}",
    "LINE {% if 'LINE' | length == 4 %}same{% endif %} LINE",
    "",
]
HEAD = "{% macro twice() %}{{ caller() | trim }}\n{{ caller() }}{% endmacro %}"


def numbered(pieces: list[str]) -> str:
    """The template, with L<number> for LINE; lengths stay apart from numbers by being equal."""
    lines = "\n".join([HEAD, *pieces]).split("\n")
    return "\n".join(line.replace("LINE", f"L{number:03}") for number, line in enumerate(lines, 1))


@given(st.lists(st.sampled_from(PIECES), max_size=12))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_lines_say_where_they_are_from_and_the_trace_agrees(tmp_path: Path, pieces: list[str]) -> None:
    (tmp_path / "a.yaml").write_text(numbered(pieces))
    templates = templating.environment(Folders([tmp_path], tmp_path))
    text = templating.render(templates, "a.yaml", {"value": "one\ntwo"})
    trace = templating.trace(templates, "a.yaml", {"value": "one\ntwo"}, text)
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip().upper().startswith("L") and line.strip()[1:4].isdigit():
            origin = trace.origin(number, len(line) - len(line.lstrip()) + 1)
            assert origin.inner.line == int(line.strip()[1:4]), text
            assert origin.inner.file == origin.outer.file == "a.yaml"


def traced(root: Path, text: str, **files: str) -> list[tuple[str, int, int]]:
    """For each rendered line: the file and line that has its text, and the template's own line."""
    for name, content in {"a": text, **files}.items():
        (root / f"{name}.j2").write_text(content)
    templates = templating.environment(Folders([root], root))
    rendered = templating.render(templates, "a.j2", {})
    trace = templating.trace(templates, "a.j2", {}, rendered)
    origins = [trace.origin(number) for number in range(1, rendered.count("\n") + 2)]
    return [(origin.inner.file, origin.inner.line, origin.outer.line) for origin in origins]


def test_a_partial_and_a_partial_of_a_partial(tmp_path: Path) -> None:
    found = traced(tmp_path, 'one\n{% include "b.j2" %}\nthree', b='b one\n{% include "c.j2" %}', c="c one\nc two")
    assert found == [("a.j2", 1, 1), ("b.j2", 1, 2), ("c.j2", 1, 2), ("c.j2", 2, 2), ("a.j2", 3, 3)]


def test_blocks_of_a_parent(tmp_path: Path) -> None:
    child = '{% extends "b.j2" %}\n{% block body %}\nmine\n{% endblock %}'
    found = traced(tmp_path, child, b="head\n{% block body %}{% endblock %}\nfoot")
    assert found == [("b.j2", 1, 1), ("a.j2", 2, 2), ("a.j2", 3, 3), ("b.j2", 2, 4), ("b.j2", 3, 4)]


def test_lines_of_a_value_belong_to_its_expression(tmp_path: Path) -> None:
    assert traced(tmp_path, "one\n{{ 'x\\ny\\nz' }}\nthree") == [("a.j2", line, line) for line in (1, 2, 2, 2, 3)]


def test_a_filter_that_wants_plain_text_gets_it(tmp_path: Path) -> None:
    text = "{% set x %}abc{% endset %}one\n{{ x | b64encode }} {{ x | length }} {{ x | sha256 | length }}\nthree"
    assert traced(tmp_path, text) == [("a.j2", line, line) for line in (1, 2, 3)]


@pytest.mark.parametrize("line", [0, 99])
def test_a_place_outside_of_the_text_is_that_of_its_end(tmp_path: Path, line: int) -> None:
    (tmp_path / "a.j2").write_text("one\ntwo")
    templates = templating.environment(Folders([tmp_path], tmp_path))
    assert templating.trace(templates, "a.j2", {}, "one\ntwo").origin(line).inner.line == (2 if line else 1)
