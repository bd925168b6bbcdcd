"""Whatever is in a template, it renders or is refused with a place: never a fault of ours, never a hang."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from meshctl import templating
from meshctl.errors import MeshctlError, Problems

NAMES = ("a", "b", "missing", "ns", "loop", "self", "range", "dict", "caller", "x.y", "a[0]", "_")
LITERALS = ("1", "0", "-1", "2.5", "'s'", "''", "true", "none", "[1, 2]", "{'k': 1}", "10 ** 9", "'%d'")
FILTERS = [
    "upper",
    "b64encode",
    "sha256",
    "toyaml",
    "tojson",
    "nindent(2)",
    "nindent('x')",
    "quote",
    "dns_label",
    "list",
    "int",
    "join('x')",
    "sum",
    "sort",
    "first",
    "length",
    "attr('__class__')",
    "map('upper')",
    "batch(2)",
    "format(1)",
    "default(1)",
    "center(90000)",
    "replace('s','ss')",
    "round(2)",
    "indent(9,true)",
    "groupby('k')",
    "xmlattr",
    "items",
    "unknown",
]
PIECES = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "{%endfor%}",
    "{%include(a)%}",
    "{%include('/x')%}",
    "{%extends('test.yaml')%}",
    "{%raw%}",
    "{{.Values.x}}",
    "{%block(a)%}",
    "{{fail('no')}}",
    "{%import('x')as(y)%}",
    "\x00",
    "é",
]
OPERATORS = ("+", "-", "*", "/", "%", "~", "==", "in", "and")

expressions = st.recursive(
    st.sampled_from(NAMES + LITERALS),
    lambda inner: st.one_of(
        st.builds("{} | {}".format, inner, st.sampled_from(FILTERS)),
        st.builds("({} {} {})".format, inner, st.sampled_from(OPERATORS), inner),
        st.builds("{}({})".format, inner, inner),
        st.builds("{}.{}".format, inner, st.sampled_from(["k", "__class__", "format", "append", "0"])),
        st.builds("{} is {}".format, inner, st.sampled_from(["defined", "none", "number", "divisibleby(0)"])),
    ),
    max_leaves=5,
)
pieces = st.one_of(
    st.builds("{{{{ {} }}}}".format, expressions),
    st.builds("{{% set b = {} %}}".format, expressions),
    st.builds("{{% for a in {} %}}{{{{ a }}}}{{% endfor %}}".format, expressions),
    st.builds("{{% if {} %}}x{{% else %}}y{{% endif %}}".format, expressions),
    st.builds("{{% macro m(a={}) %}}{{{{ a }}}}{{% endmacro %}}{{{{ m() }}}}".format, expressions),
    st.sampled_from(PIECES),
    st.text(max_size=4),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(pieces, max_size=4).map("".join))
def test_it_renders_or_is_refused_with_a_place(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "test.yaml").write_text(text, encoding="utf-8", errors="replace")
        templates = templating.environment(templating.Folders((root,), root))
        try:
            templating.render(templates, "test.yaml", {"a": [1, "s"], "x": {"y": 1}})
        except MeshctlError as error:
            problems = error.errors if isinstance(error, Problems) else (error,)
            assert all(problem.exit_code == 2 and problem.where and problem.message for problem in problems), problems
