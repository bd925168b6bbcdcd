"""Go templates and their translations render to the same bytes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from engines import DATA, Go, Jinja, translated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshctl.errors import TemplateError
from meshctl.migrate import gotemplate
from meshctl.migrate.gotemplate import GoSyntaxError

TEMPLATES = (Path(__file__).parent / "templates.txt").read_text().splitlines()


@pytest.mark.parametrize("template", TEMPLATES)
def test_both_engines_write_the_same(go: Go, jinja: Jinja, template: str) -> None:
    out, error = go.render(template)
    assert not error
    translation = translated(template)
    assert not [remark for remark in translation.remarks if remark.refused]
    assert jinja.render(translation.text) == out
    unaware = gotemplate.translate(gotemplate.parse(template), [DATA, {**DATA, "another": 1}])
    assert jinja.render(unaware.text) == out


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ . }}", "no mapping of all vars"),
        ("{{ .s.Method 1 }}", "a method of a Go value"),
        ("{{ call .s }}", "call takes a Go function"),
        ("{{ toYaml .s }}", "no function toYaml"),
        ("{{ range .names }}{{ break }}{{ end }}", "no break"),
        ("{{ range . }}{{ end }}", "no mapping of all vars"),
        ("{{ range .s }}{{ end }}", "neither a list nor a map"),
        ("{{ printf .s }}", "no constant"),
        ('{{ printf "%d" .s }}', "printf %d"),
        ('{{ printf "%s" .n }}', "%!s"),
        ("{{ index .s 0 }}", "one of its bytes"),
        ("{{ .loop }}", "no expression of Jinja"),
        ('{{ template "other" }}', "no template"),
    ],
)
def test_what_cannot_be_carried_over_is_marked_and_fails(jinja: Jinja, template: str, reason: str) -> None:
    translation = translated(f"a: 1\n{template}\n")
    (remark,) = [remark for remark in translation.remarks if remark.refused]
    assert reason in remark.message
    with pytest.raises(TemplateError, match="not migrated"):
        jinja.render(translation.text)


@pytest.mark.parametrize(
    ("template", "position"),
    [
        ("{{", 0),
        ("a {{ if }}x{{ end }}", 2),
        ("{{ if .a }}x", 0),
        ("{{ end }}", 0),
        ("{{ else }}", 0),
        ('{{ "a }}', 3),
        ("{{ .a!b }}", 5),
        ("{{ .a | | .b }}", 0),
        ("{{ nil }}", 3),
        ("{{ (.a }}", 3),
        ("{{/* a }}", 0),
        ("{{ break }}", 0),
        ("{{ 3 4 }}", 3),
        ("{{ range $a, $b, $c := .x }}{{ end }}", 9),
    ],
)
def test_what_go_refuses_is_refused_with_its_place(go: Go, template: str, position: int) -> None:
    assert go.render(template)[1]
    with pytest.raises(GoSyntaxError) as refused:
        gotemplate.parse(template)
    assert refused.value.position == position


TEXTS = st.sampled_from(["", " ", "\n", "  a: ", "\n  - ", "x", "\t", "{%", "}}", "'", "{#", "\u00a0", " \n "])
STRINGS = [".s", ".t", ".empty", '"lit\\n"', "`r`", ".deep.x.y", "(index .names 1)", '(printf "%s-%d" .s .n)']
NUMBERS = [".n", ".zero", "3", "(len .names)", '(index .m "a")']
BOOLEANS = [".yes", ".no", "(eq .n 7)", "(not .missing)", "(lt .n 3)", "true", ".deep.x.on"]
LISTS = [".names", ".void", ".ports", ".odd", ".missing"]
MAPS = [".m", ".hollow", ".deep"]
ANY = [*STRINGS, *NUMBERS, *BOOLEANS, ".nothing", ".half", *LISTS, *MAPS]
PRINTED = [value for value in ANY if value != ".missing"]


@st.composite
def actions(draw: st.DrawFn, depth: int, loops: int) -> str:
    """An action, with a body where it has one; variables are declared before they are used."""
    left, right = draw(st.sampled_from(["{{ ", "{{- "])), draw(st.sampled_from([" }}", " -}}"]))
    kind = draw(st.sampled_from(["print"] * 4 + (["if", "range", "with", "set", "nest"] if depth else ["cursor"])))
    value = rooted(draw(st.sampled_from(PRINTED if kind == "print" else ANY)))
    body = draw(bodies(depth - 1, loops + (kind in ("with", "range")))) if depth else ""
    other = f"{left}else{right}{draw(bodies(depth - 1, loops)) if depth else ''}{left}end{right}"
    changed = f"{left}if {value}{right}{left}$v = {value}{right}{left}end{right}"
    listed = rooted(draw(st.sampled_from([*LISTS, *MAPS])))
    head, shown = draw(st.sampled_from([("", ""), ("$e := ", "{{ $e }}"), ("$k, $e := ", "{{ $k }}{{ $e }}")]))
    return {
        "print": f"{left}{value}{right}",
        "cursor": f"{left}.{right}" if loops else "",
        "if": f"{left}if {value}{right}{body}{other}",
        "with": f"{left}with {value}{right}{body}{other}",
        "range": f"{left}range {head}{listed}{right}{shown}{body}{other}",
        "set": f"{left}$v := {value}{right}{changed}{left}$v{right}{body}",
        "nest": f"{{{{ $a := {value} }}}}{{{{ range $.names }}}}{{{{ $a = . }}}}{{{{ end }}}}{left}$a{right}",
    }[kind]


def rooted(value: str) -> str:
    """Vars are read from the top wherever the cursor is."""
    return re.sub(r"(?<![\w)])\.(?=[a-z])", "$.", value)


@st.composite
def bodies(draw: st.DrawFn, depth: int = 3, loops: int = 0) -> str:
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        parts += [draw(TEXTS), draw(actions(depth, loops))]
    return "".join([*parts, draw(TEXTS)])


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(bodies())
def test_random_templates(go: Go, jinja: Jinja, template: str) -> None:
    out, error = go.render(template)
    if error:
        return
    translation = translated(template)
    assert not [remark for remark in translation.remarks if remark.refused]
    assert jinja.render(translation.text) == out
