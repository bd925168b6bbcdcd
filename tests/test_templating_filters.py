"""What templates can do beside Jinja's own."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshctl import templating, yamlio
from meshctl.errors import TemplateError


def evaluated(expression: str, **variables: Any) -> Any:
    return templating.evaluate("{{ " + expression + " }}", variables)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("{'a': [1, 'on', none]} | toyaml", 'a:\n- 1\n- "on"\n- null'),
        ("'x' | toyaml", "x"),
        ("{'a': '<é>'} | tojson", '{"a": "<é>"}'),
        ("{'a': 1} | tojson(indent=2)", '{\n  "a": 1\n}'),
        ("'a\\n\\nb' | nindent(2)", "\n  a\n\n  b"),
        ("'é' | b64encode", "w6k="),
        ("'' | sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("'a\"b\\nc' | quote", '"a\\"b\\nc"'),
        ("5 | quote", '"5"'),
        ("none | quote", '""'),
        ("true | quote", '"true"'),
        ("false | b64encode", "ZmFsc2U="),
        ("'My Shop & Söhne' | dns_label", "my-shop-sohne"),
        ("('x' * 62 ~ '-y') | dns_label", "x" * 62),
        ("'日本' | dns_label", ""),
    ],
)
def test_filters(expression: str, value: str) -> None:
    assert evaluated(expression) == value


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text("ab:#-1 ", max_size=4), children, max_size=3)
    ),
    max_leaves=8,
)


@given(values)
def test_toyaml_and_tojson_and_quote_say_what_the_value_is(value: Any) -> None:
    assert yamlio.load(evaluated("value | toyaml", value=value), "f").value == value
    assert json.loads(evaluated("value | tojson", value=value)) == value
    text = json.dumps(value)
    assert yamlio.load(evaluated("text | quote", text=text), "f").value == text


@given(st.text())
def test_dns_labels_are_labels_and_stay_as_they_are(text: str) -> None:
    label = templating.dns_label(text)
    assert re.fullmatch("([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?", label)
    assert templating.dns_label(label) == label


@pytest.mark.parametrize("expression", ["undefined | toyaml", "range | toyaml", "fail('no')", "1.0e999 | tojson"])
def test_what_has_no_value_is_refused(expression: str) -> None:
    with pytest.raises(TemplateError):
        evaluated(expression)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("plain", set()),
        ("{{ a.b }} {{ b | default(c) }}", {"a", "b", "c"}),
        ("{% for x in xs %}{{ x }}{{ y }}{% endfor %}", {"xs", "y"}),
        ("{{ namespace }} {{ range(2) }} {{ dict }}", {"namespace", "range", "dict"}),
    ],
)
def test_names_are_what_a_text_reads(text: str, names: set[str]) -> None:
    assert templating.names(text) == names
