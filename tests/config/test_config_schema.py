"""The schema is what the loader accepts, and is itself in order."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
from hypothesis import assume, given
from hypothesis import strategies as st

from meshctl.config import SCHEMA
from meshctl.config.schema import shape_errors
from meshctl.config.settings import EMPTY, Layer, Setting, merge
from meshctl.config.shorthand import declared_twice, normalized
from meshctl.errors import ConfigError

SHAPE = json.loads(SCHEMA.read_text())
VALIDATOR = jsonschema_rs.validator_for(SHAPE)
LAYER = Layer("file", lambda _path, _key: None)

unknown = st.sampled_from(["web", 3])  # never empty: a key with nothing behind is as if it were absent
names = st.sampled_from(["web", "db", "@a", None, 3])
lists = st.lists(names, max_size=3) | st.none() | st.just("web")
settings = st.fixed_dictionaries(
    {},
    optional={
        "needs": lists,
        "template": names,
        "vars": st.none() | st.dictionaries(st.sampled_from("ab"), names),
        "inject": st.booleans() | names,
        "wait": st.fixed_dictionaries({}, optional={"timeout": names, "for": st.sampled_from(["ready", "x", None, 1])}),
        "foo": unknown,
    },
)
services = st.one_of(
    lists,
    st.dictionaries(st.sampled_from(["web", "db"]), st.none() | settings | st.just(3)),
    st.lists(names | st.dictionaries(st.sampled_from(["web", "db"]), settings | st.none(), max_size=2), max_size=3),
)
files = st.fixed_dictionaries(
    {},
    optional={
        "project": names,
        "extends": lists,
        "templates": lists,
        "requires": st.sampled_from([">=0.1", "x", None]),
        "service": services,
        "must_deps": lists,
        "+must_deps": lists,
        "service_group": st.none() | st.dictionaries(st.sampled_from("ab"), lists),
        "enable": st.none()
        | st.fixed_dictionaries({}, optional={"service": lists, "service_group": lists, "foo": unknown}),
        "istio": st.none() | st.fixed_dictionaries({}, optional={"inject": st.booleans() | names}),
        "foo": unknown,
    },
)


@given(files)
def test_the_loader_accepts_what_the_schema_accepts(file: dict[str, Any]) -> None:
    assume(not list(declared_twice(Setting.of(file, LAYER))))  # refused for that, and the last one wins
    assert VALIDATOR.is_valid(file) == _is_accepted(file)


def _is_accepted(file: dict[str, Any]) -> bool:
    try:
        return not list(shape_errors(merge(EMPTY, normalized(Setting.of(file, LAYER)))))
    except ConfigError:
        return False


def test_the_schema_is_a_schema() -> None:
    jsonschema_rs.meta.validate(SHAPE)


def test_every_key_has_words_for_people_and_its_examples_are_right() -> None:
    def check(key: str, node: dict[str, Any]) -> None:
        node = {**SHAPE["$defs"].get(str(node.get("$ref", "")).rpartition("/")[2], {}), **node}
        assert node.get("title"), key
        assert node.get("description"), key
        for example in node.get("examples", []):
            assert jsonschema_rs.is_valid({**node, "$defs": SHAPE["$defs"]}, example), (key, example)
        for name, child in node.get("properties", {}).items():
            check(f"{key}.{name}", child)

    check("", SHAPE)
    check("service", SHAPE["$defs"]["service"] | {"description": "…"})
