"""Places, documents, duplicates, warnings, and texts that are no YAML or mean harm."""

from __future__ import annotations

import codecs
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshctl import yamlio
from meshctl.errors import MeshctlError, Problems, Where, YamlError

TEXT = """\
# a comment
apiVersion: v1
metadata:
  name: web
  labels: {app: web, "tier": front}
ports:
- name: http
  port: 80
- 8080
text: |
  a
  b
"""


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ((), (2, 1), (2, 1)),
        (("apiVersion",), (2, 13), (2, 1)),
        (("metadata",), (4, 3), (3, 1)),
        (("metadata", "labels", "tier"), (5, 30), (5, 22)),
        (("ports", 0), (7, 3), (7, 3)),
        (("ports", 0, "port"), (8, 9), (8, 3)),
        (("ports", 1), (9, 3), (9, 3)),
        (("text",), (10, 7), (10, 1)),
        (("metadata", "annotations", "none"), (4, 3), (3, 1)),
        (("ports", 7), (7, 1), (6, 1)),
    ],
)
def test_every_value_and_key_has_its_place(path: yamlio.Path, value: tuple[int, int], key: tuple[int, int]) -> None:
    document = yamlio.load(TEXT, "f.yaml")
    assert document.where(path) == Where("f.yaml", *value)
    assert document.where(path, key=True) == Where("f.yaml", *key)


def _scalars(value: Any, path: yamlio.Path = ()) -> list[tuple[yamlio.Path, Any]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if children is None:
        return [(path, value)]
    return [found for step, child in children for found in _scalars(child, (*path, step))]


trees = st.recursive(
    st.integers(-999, 999),
    lambda children: (
        st.lists(children, min_size=1, max_size=3) | st.dictionaries(st.sampled_from("abcd"), children, min_size=1)
    ),
    max_leaves=15,
)


@given(st.lists(trees, min_size=1, max_size=3))
def test_the_place_of_a_scalar_is_where_its_text_stands(values: list[Any]) -> None:
    text = yamlio.dump_all(values)
    for document in yamlio.load_all(text, "f"):
        for path, value in _scalars(document.value):
            where = document.where(path)
            assert text.splitlines()[where.line - 1][where.column - 1 :].startswith(str(value))


def test_places_follow_aliases_and_merges() -> None:
    document = yamlio.load("base: &b\n  a: 1\n  c: 2\nx: *b\nz:\n  <<: *b\n  c: 3\n", "f")
    assert document.where(("x", "c")) == Where("f", 3, 6)
    assert document.where(("x",)) == Where("f", 4, 4)
    assert document.where(("z", "a")) == Where("f", 2, 6)
    assert document.where(("z", "c")) == Where("f", 7, 6)


def test_several_documents_have_their_own_lines_and_places() -> None:
    documents = yamlio.load_all("a: 1\n---\n# nothing\n---\n\nb: 2\n---\nnull\n...\n---\n- c\n", "f")
    assert [(document.value, document.line) for document in documents] == [({"a": 1}, 1), ({"b": 2}, 6), (["c"], 11)]
    assert documents[1].where(("b",)) == Where("f", 6, 4)
    assert documents[2].where((0,)) == Where("f", 11, 3)


def test_aliases_are_values_of_their_own() -> None:
    value = yamlio.load("a: &a {b: []}\nc: *a\n", "f").value
    value["c"]["b"].append(1)
    assert value == {"a": {"b": []}, "c": {"b": [1]}}


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "\ufeff", "~\n"])
def test_nothing_is_none(text: str) -> None:
    assert yamlio.load(text, "f").value is None


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert yamlio.load("\ufeffa: 1\n", "f").value == {"a": 1}


def test_a_byte_order_mark_of_each_of_several_files_is_none_of_their_text() -> None:
    joined = b"a: 1\n---\n" + codecs.BOM_UTF8 + b"a: 2\r\n"
    assert [each.value for each in yamlio.load_all(yamlio.decode(joined, "f"), "f")] == [{"a": 1}, {"a": 2}]


def test_every_duplicate_is_named_with_its_first() -> None:
    with pytest.raises(Problems) as caught:
        yamlio.load("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\na: 2\non: 1\ntrue: 2\n", "f.yaml")
    assert [(error.code, str(error)) for error in caught.value.errors] == [
        ("MSH002", 'f.yaml:5:3: "c" is set twice in one mapping, first in line 3 (keep one of the two)'),
        ("MSH002", 'f.yaml:6:1: "a" is set twice in one mapping, first in line 1 (keep one of the two)'),
        ("MSH002", 'f.yaml:8:1: "true" is set twice in one mapping, first in line 7 (keep one of the two)'),
    ]


def test_merging_a_key_that_is_there_is_no_duplicate() -> None:
    assert yamlio.load("a: &a {x: 1}\nb: {<<: *a, x: 2}\n", "f").value["b"] == {"x": 2}
    with pytest.raises(YamlError, match="set twice"):
        yamlio.load("a: &a {x: 1}\nb: {<<: *a, x: 2, x: 3}\n", "f")


def test_scalars_that_yaml_1_1_and_1_2_read_differently_are_told() -> None:
    text = "on: 017\nb: [12:30, 2026-01-01, 1e3, 0o17, 1_000, y, 08]\nc: {d: '017', e: 0x1f, f: 1.5, g: ~, h: 12}\n"
    warnings = yamlio.load(text, "f").warnings
    second_line = [(2, column) for column in (5, 12, 24, 29, 35, 42, 45)]
    assert [(where.line, where.column) for where, _ in warnings] == [(1, 1), (1, 5), *second_line]
    assert warnings[1][1] == "017 is 15 in YAML 1.1 and 17 in YAML 1.2; Kubernetes reads 15"
    assert warnings[2][1] == "12:30 is 750 in YAML 1.1 and a text in YAML 1.2; Kubernetes reads a text"
    assert warnings[3][1] == "2026-01-01 is a date in YAML 1.1 and a text in YAML 1.2; Kubernetes reads a text"
    assert "; Kubernetes reads 123400000" in yamlio.load("sha: 1234e5\n", "f").warnings[0][1]
    assert warnings[4][1] == "1e3 is a text in YAML 1.1 and 1000 in YAML 1.2; Kubernetes reads 1000"


TEXTS = "where Kubernetes takes only texts"
ESCAPE = '(write it as an escape in double quotes, like "\\x07")'
BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + below] * 9)}]\n" for below, name in zip("abcdefgh", "bcdefghi", strict=True)
)
DEEP_ALIASES = "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} {'[' * 90}*a{n - 1}{']' * 90}\n" for n in range(1, 20))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a:\n\t- b\n", "f:2:1: a tab, where YAML wants spaces (indent with spaces)"),
        ("a: @b\n", "f:1:4: a value cannot begin with @ (quote it)"),
        ("a: b: c\n", 'f:1:5: a ":" where no mapping can begin (quote a text that has ": " in it, or mend the indent)'),
        ('a: "b\nc: d\n', "f:1:4: these quotes are never closed (close them)"),
        ("a: [b\nc: d\n", 'f:2:2: "," or "]" was expected here; what it belongs to begins in line 1 (close the list)'),
        ("a: {{ b }}\n", f"f:1:5: a list, a mapping or an alias as a key, {TEXTS} (quote a template: \"{{{{ … }}}}\")"),
        ("~: 1\n", f"f:1:1: ~ as a key, {TEXTS} (quote it)"),
        ("a: .inf\n", "f:1:4: Kubernetes has no infinite numbers and no NaN"),
        ("a: !!int x\n", 'f:1:4: "x" is no !!int'),
        ("a: !!binary '!'\n", "f:1:4: !!binary that is no base64"),
        ("a: !!binary /w==\n", "f:1:4: !!binary of bytes that are no text"),
        ("a: *b\n", "f:1:4: no anchor &b before this alias"),
        ("a: &a [*a]\n", "f:1:8: the anchor &a contains itself"),
        ("<<: 1\n", "f:1:5: << merges a mapping or a list of mappings"),
        ("a: 1\n---\nb: 2\n", "f:3:1: a second document begins here (one document a file, without ---)"),
        ("a: x\x00y\n", f"f:1:5: the character U+0000 may not be in YAML {ESCAPE}"),
        ("a: é\nb: \x07\n", f"f:2:4: the character U+0007 may not be in YAML {ESCAPE}"),
        ("a: \ud800\n", f"f:1:4: the character U+D800 may not be in YAML {ESCAPE}"),
        ("[" * 900, "f:1:201: nested more than 200 levels deep"),
        ("{a: " * 100_000, "f:1:801: nested more than 200 levels deep"),
        ("- " * 100_000, "f:1:401: nested more than 200 levels deep"),
        (BOMB, "f:6:8: aliases that stand for more than 100000 values"),
        (DEEP_ALIASES, "f:4:99: nested more than 200 levels deep"),
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_refused_with_its_place(text: str, error: str) -> None:
    with pytest.raises(YamlError) as caught:
        yamlio.load(text, "f")
    assert str(caught.value) == error


@given(st.text("ab:-?#&*!|>'\"%@`{}[],\n\t \x00\ufeff~", max_size=40))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        yamlio.load_all(text, "f")
    except MeshctlError as error:
        problems = error.errors if isinstance(error, Problems) else (error,)
        assert all(problem.where and problem.where.line for problem in problems)


def test_a_large_file_is_read() -> None:
    text = "items:\n" + "- {name: web, port: 80}\n" * 50_000
    assert len(yamlio.load(text, "f").value["items"]) == 50_000


def test_files_are_utf8(tmp_path: Path) -> None:
    (tmp_path / "bom").write_bytes(b"\xef\xbb\xbfa: \xc3\xa9\n")
    (tmp_path / "latin").write_bytes(b"a: b\nc: caf\xe9\n")
    (tmp_path / "wide").write_bytes("a: b\n".encode("utf-16"))
    assert yamlio.read_text(tmp_path / "bom", "bom") == "a: é\n"
    with pytest.raises(YamlError, match=r"^latin:2:7: byte 0xe9 is no UTF-8 \(save the file as UTF-8\)$"):
        yamlio.read_text(tmp_path / "latin", "latin")
    with pytest.raises(YamlError, match=r"^wide:1:1: this file is UTF-16 \(save it as UTF-8\)$"):
        yamlio.read_text(tmp_path / "wide", "wide")


def test_what_is_no_ordinary_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(2**40)
    for name, reason in {
        "pipe": "pipe is no ordinary file",
        "huge": "huge has more than 32 MB",
        ".": ". is a folder",
        "none": "none cannot be read: No such file or directory",
    }.items():
        with pytest.raises(YamlError) as caught:
            yamlio.read_text(tmp_path / name, name)
        assert (caught.value.code, str(caught.value)) == ("MSH020", reason)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": {"b": [1, {"c": None, "d": []}], "e": {}}}, "a:\n  b:\n  - 1\n  - c: null\n    d: []\n  e: {}\n"),
        ({"a": "x\ny\n", "b": "x\n\n", "c": "x\ny", "d": "\n x"},
         "a: |\n  x\n  y\nb: |+\n  x\n\nc: |-\n  x\n  y\nd: |2-\n\n   x\n"),
        (["on", "1e3", "a: b", 'say: "x"', "http://a:80/", "--flag=x", "-", "", "é"],
         '- "on"\n- "1e3"\n- "a: b"\n- \'say: "x"\'\n- http://a:80/\n- --flag=x\n- "-"\n- ""\n- é\n'),
        ([1e22, 1.5, True, None, 10**3], "- 1.0e+22\n- 1.5\n- true\n- null\n- 1000\n"),
        ({1: "a", False: "b"}, '"1": a\n"false": b\n'),
        (("a", ("b",)), "- a\n- - b\n"),
        ("a\u2028\x07", '"a\\u2028\\u0007"\n'),
    ],
)  # fmt: skip
def test_what_dump_writes(value: Any, text: str) -> None:
    assert yamlio.dump(value) == text


endless: list[Any] = []
endless.append(endless)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        object(),
        {None: 1},
        {(): 1},
        "\ud800",
        endless,
        b"x",
        pytest.param(2**20000, id="huge"),
    ],
)
def test_what_has_no_json_is_not_written(value: Any) -> None:
    with pytest.raises(YamlError):
        yamlio.dump(value)


def test_quote_always_quotes() -> None:
    assert yamlio.quote("a") == '"a"'
    assert yamlio.quote('a"\\\n') == '"a\\"\\\\\\n"'
