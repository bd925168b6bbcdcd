"""The schema is what the loader accepts, and is itself in order."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import jsonschema_rs
from hypothesis import assume, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from meshctl import config, yamlio
from meshctl.config import SCHEMA
from meshctl.config.settings import Layer, Setting
from meshctl.config.shorthand import declared_twice
from meshctl.errors import MeshctlError, Problems

SHAPE = json.loads(SCHEMA.read_text())
VALIDATOR = jsonschema_rs.validator_for(SHAPE)
LAYER = Layer("file", lambda _path, _key: None)

BEYOND_A_SCHEMA = {"MSH012", "MSH014", "MSH020", "MSH021"}  # what is declared elsewhere, or is on the disk

unknown = st.sampled_from(["web", 3])  # never empty: a key with nothing behind is as if it were absent
names = st.sampled_from(["web", "db", "@a", "Web", "{{ user }}", "", None, 3])
durations = st.sampled_from(["90s", "1h30m", "0", "72", "5 m", "{{ a }}", None, 3])
lists = st.lists(names, max_size=3) | st.none() | st.just("web")
settings = st.fixed_dictionaries(
    {},
    optional={
        "needs": lists,
        "template": names,
        "vars": st.none() | st.dictionaries(st.sampled_from("ab"), names),
        "inject": st.booleans() | names,
        "wait": st.fixed_dictionaries(
            {}, optional={"timeout": durations, "for": st.sampled_from(["ready", "x", None, 1])}
        ),
        "foo": unknown,
    },
)
services = st.one_of(
    lists,
    st.dictionaries(st.sampled_from(["web", "db", "Web"]), st.none() | settings | st.just(3)),
    st.lists(names | st.dictionaries(st.sampled_from(["web", "db"]), settings | st.none(), max_size=2), max_size=3),
)
files = st.fixed_dictionaries(
    {},
    optional={
        "project": names,
        "namespace": names | st.just("dev-{{ user }}") | st.just("Dev_A"),
        "ttl": durations,
        "extends": st.sampled_from(["base.yaml", ["base.yaml", None], [3], 3, None]),
        "templates": lists,
        "requires": st.sampled_from(
            [">=0.1", "~=1.1", "~=1", "^1", "~1", "1.x", "1.*", "1", "*", " >= 1 , <99 ", ">=1 <9", ">=1,", "x", None]
        ),
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


@settings_of_hypothesis(deadline=None, max_examples=300)
@given(files)
def test_the_loader_accepts_what_the_schema_accepts(file: dict[str, Any]) -> None:
    assume(not list(declared_twice(Setting.of(file, LAYER))))  # refused for that, and the last one wins
    assert VALIDATOR.is_valid(file) == _is_accepted(file)


def _is_accepted(file: dict[str, Any]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "base.yaml").touch()
        (root / "dev.yaml").write_text(yamlio.dump(file))
        try:
            config.load(config.Project(root, root / "dev.yaml", "dev"), environ={"USER": "anna"}, cwd=root)
        except MeshctlError as error:
            problems = error.errors if isinstance(error, Problems) else (error,)
            return all(problem.code in BEYOND_A_SCHEMA for problem in problems)
    return True


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
