"""`load` reads what kubectl reads, and kubectl reads what `dump` wrote. Properties, with many values in a call."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kubectl_reader import comparable, kubectl, kubectl_spec

from meshctl import yamlio
from meshctl.errors import MeshctlError
from meshctl.yamlio.scalars import read_plain

TRAPS = """
y Y yes Yes YES yEs n N no No NO on On ON off Off OFF true True TRUE tRUE false False FALSE ~ null Null NULL
nULL 017 08 0o17 0O17 +0o17 0b11 0B11 +0b11 -0b11 0b-1 0b+1 -0b-1 0b12 0b 0x 0o 0x1F 0X1f -0x1f 0x_ 0x_1 0b_1
0_b1 0b1_ 0_7 1_000 1__0 _1 1_ -_1 .5 .5e3 .5_0 ._5 .5e .5_ 1e3 1E3 1e-3 1e+3 1_e3 1. 1.e3 5.e3 .e3 . + ++1
+-1 +1 +.5 -.5 1e400 1e309 1e-400 4.9e-324 0x1p3 0x1.8 00 00.5 0.5.1 .1. 0 -0 -0.0 1.0 100.0 1e21 1e20 1e22
0.1e+3 1.5 1234e5 1e 1e+ 9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809
18446744073709551615 18446744073709551616 +18446744073709551615 123456789012345678901234567890
4611686018427387904.0 9007199254740993.0 0x8000000000000000 0xffffffffffffffffff 0777777777777777777777777
12:30 190:20:30 2026-01-01 2026-01-01T00:00:00Z Inf nan infinity .Nan .inF = << 1.2.3 1.2 -a --- ?a :a a:b a#b
@ http://a:80/ 10m 1Gi é ١٢ 1٢
""".split()  # noqa: SIM905 - as a list, one a line, nobody would read them
UNREADABLE = [".inf", "-.INF", "+.Inf", ".nan", ".NaN", "@"]

number_like = st.text("0123456789+-._eExXoObBaAfF:", min_size=1, max_size=12)
word_like = st.text("yYnNoOfFeEsStTrRuUaAlLiI~.=<-", min_size=1, max_size=6)
date_like = st.from_regex(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ][0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z?)?", fullmatch=True
)
plain_scalars = st.one_of(
    number_like, word_like, date_like, st.integers().map(str), st.floats().map(repr), st.sampled_from(TRAPS)
)


def is_plain(text: str) -> bool:
    """Whether the text after `- ` is one plain scalar that has JSON."""
    if text in ("-", "?", ":") or text.endswith(":") or text[:1] in "@`%&*!|>'\"[]{},#":
        return False
    return ".inf" not in text.casefold() and ".nan" not in text.casefold() and text != "inf"


@settings(max_examples=20, deadline=None)
@given(st.lists(plain_scalars.filter(is_plain), min_size=50, max_size=200))
@example([text for text in TRAPS if is_plain(text)])
def test_plain_scalars_are_read_as_kubectl_reads_them(scalars: list[str]) -> None:
    text = "spec:\n" + "".join(f"- {scalar}\n" for scalar in scalars)
    ours, theirs = yamlio.load(text, "f").value["spec"], kubectl_spec(text)
    assert [(text, comparable(value)) for text, value in zip(scalars, ours, strict=True)] == [
        (text, comparable(value)) for text, value in zip(scalars, theirs, strict=True)
    ]


@settings(max_examples=20, deadline=None)
@given(st.lists(plain_scalars.filter(lambda text: is_plain(text) and text != "<<"), min_size=50, max_size=100))
@example([text for text in TRAPS if is_plain(text) and text != "<<"])
def test_keys_are_read_as_kubectl_reads_them(keys: list[str]) -> None:
    keys = [key for key in keys if read_plain(key).key is not None]
    text = "spec:\n" + "".join(f"- {key}: 1\n" for key in keys)
    assert yamlio.load(text, "f").value["spec"] == kubectl_spec(text)


def test_a_sign_makes_a_float_of_a_key_with_65_bits() -> None:
    text = "spec: {+18446744073709551615: 1}\n"
    assert yamlio.load(text, "f").value == {"spec": kubectl_spec(text)}


@pytest.mark.parametrize("scalar", UNREADABLE)
def test_what_kubectl_refuses_as_a_value_is_refused(scalar: str) -> None:
    text = f"apiVersion: v1\nkind: Thing\nmetadata: {{name: a}}\nspec: {scalar}\n"
    assert kubectl(text)[0] is None
    with pytest.raises(MeshctlError):
        yamlio.load(text, "f")


@pytest.mark.parametrize("key", ["~", "null", "18446744073709551615", "[a]", "{a: b}", "{{ name }}"])
def test_what_kubectl_refuses_as_a_key_is_refused(key: str) -> None:
    text = f"apiVersion: v1\nkind: Thing\nmetadata: {{name: a}}\nspec:\n  ? {key}\n  : 1\n"
    assert kubectl(text)[0] is None
    with pytest.raises(MeshctlError):
        yamlio.load(text, "f")


STRUCTURES = {
    "quotes make texts": "['1', \"true\", 'it''s', \"a\\tb\\x41\\u00e9\\U0001F600\"]",
    "tags": "[!!str 1, !!int '3', !!float 3, !!float '017', !!bool 'yes', !!null '', !!binary aGVsbG8=, !foo 1, ! 12, "
    "!!str '', !!timestamp 2026-01-01, !!int '1_0', !!str {a: 1}, !foo [1], !!set {a, b}, !!omap [a: 1]]",
    "tags of keys": "{!!str 1: a, !!int '017': b, !!float '1.5': c}",
    "anchors": "{a: &a [1, {b: 2}], b: *a, c: &d x, d: *d, e: &a 5, f: *a, &k key: 1, g: *k}",
    "merge keys": "[&a {p: 1, q: 2}, &b {p: 3, r: 4}, {<<: *a, p: 9}, {p: 9, <<: *a}, {<<: [*a, *b]}, "
    "{<<: *a, <<: *b}, {'<<': 1}, {!!merge <<: *b}, {<<: {s: 5}}]",
    "block scalars": "\n- |\n  a\n   b\n\n  c\n\n- |-\n  a\n- |+\n  a\n\n- >\n  folded\n  text\n\n  more\n"
    "- >-\n  a\n  b\n- |2\n   x\n",
    "plain over lines": "\n  - a\n    b\n\n    c\n  - 'q\n    r'\n",
    "flow": "{a: b, c, 'd':1, e: [f: g, h], i:1}",
    "complex": "\n  ? a\n  : b\n  ? c\n",
    "comments": "# one\n  a: b # two\n  c: d#e\n",
    "windows": "\r\n  a: b\r\n  c: |\r\n    d\r\n    e\r\n",
}


@pytest.mark.parametrize("text", STRUCTURES.values(), ids=STRUCTURES)
def test_structures_are_read_as_kubectl_reads_them(text: str) -> None:
    ours = yamlio.load(f"spec: {text}", "f").value["spec"]
    assert comparable(ours) == comparable(kubectl_spec(f"spec: {text}"))


texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.text(" \t\n\r:#-?'\"\\|>&*!%@`{}[],ab\u2028\u0085\ufeff\x00\x7f", max_size=12),
    st.text("a \n", max_size=12),
    plain_scalars,
)
integers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda number: abs(number) < 2**53 or abs(number) > 2**64
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), integers, floats, texts),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(texts, children, max_size=4),
    max_leaves=20,
)


@settings(max_examples=20, deadline=None)
@given(st.lists(values, min_size=20, max_size=50))
@example(TRAPS + UNREADABLE)
@example([{text: text} for text in TRAPS + UNREADABLE])
@example(["k" * 1100, {"k" * 1100: 1, "\n" * 600: {"a": [1]}}, [[[]], {}, [{}]], {"": ""}, [["a"], ["b", ["c"]]]])
def test_kubectl_reads_back_what_was_written(some: list[Any]) -> None:
    written = yamlio.dump({"spec": some})
    assert comparable(kubectl_spec(written)) == comparable(some)


@settings(max_examples=150, deadline=None)
@given(values)
def test_what_was_written_is_read_back(value: Any) -> None:
    assert comparable(yamlio.load(yamlio.dump(value), "f").value) == comparable(value)


@given(st.lists(texts, max_size=20))
def test_readers_of_yaml_1_1_read_the_same_texts(some: list[str]) -> None:
    assert yaml.safe_load(yamlio.dump(some)) == some


@given(st.lists(values, min_size=1, max_size=5))
def test_documents_follow_each_other(some: list[Any]) -> None:
    read = [document.value for document in yamlio.load_all(yamlio.dump_all(some), "f")]
    assert comparable(read) == comparable([value for value in some if value is not None])
