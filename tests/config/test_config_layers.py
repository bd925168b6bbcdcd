"""Layers: what wins, what merges, and where each value comes from."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Load
from hypothesis import given
from hypothesis import strategies as st

from meshctl.config import Assignment
from meshctl.config.settings import Layer, Setting, merge
from meshctl.errors import ConfigError, MeshctlError, Problems, UsageError, Where

BASE = "service: [web, db]\nvars: {a: base, m: {x: 1, z: 2}, l: [1, 2]}\nmust_deps: [db]\n"


def sets(*pairs: str) -> list[Assignment]:
    return [Assignment(*pair.split("=", 1)) for pair in pairs]


def test_extended_files_come_first_in_order_then_the_file_then_the_local_one(load: Load) -> None:
    config = load(
        "extends: [base.yaml, more/tracing.yaml]\nvars: {c: file, d: file, e: file, f: file}\n",
        {
            "configs/base.yaml": "extends: root.yaml\nvars: {b: base, c: base, d: base, e: base, f: base}\n",
            "configs/root.yaml": "vars: {a: root, b: root, c: root, d: root, e: root, f: root}\n",
            "configs/more/tracing.yaml": "vars: {d: tracing}\n",
            "configs/dev.local.yaml": "vars: {e: local, f: local}\n",
        },
        environ={"MESHCTL_VAR_f": "environ", "MESHCTL_VAR_g": "[1, {h: true}]"},
        assignments=[*sets("vars.h=set"), Assignment("vars.i", "7", "string", "--set-string")],
    )
    assert config.vars == {
        "a": "root",
        "b": "base",
        "c": "file",
        "d": "file",
        "e": "local",
        "f": "environ",
        "g": [1, {"h": True}],
        "h": "set",
        "i": "7",
    }


def test_maps_merge_and_lists_replace(load: Load) -> None:
    config = load(
        "extends: base.yaml\nvars: {m: {z: 3, w: 4}, l: [9]}\nmust_deps: [web]\n", {"configs/base.yaml": BASE}
    )
    assert config.vars == {"a": "base", "m": {"x": 1, "z": 3, "w": 4}, "l": [9]}
    assert config.must_deps == ("web",)


def test_plus_appends_and_minus_removes(load: Load) -> None:
    config = load(
        "extends: base.yaml\n+service: [cache, {api: {needs: [db]}}]\n-must_deps: [db]\n+must_deps: [api]\n"
        "vars: {+l: [3], -l: [1], m: {+n: [1]}}\n+high_priority_deps: [web]\n",
        {"configs/base.yaml": BASE},
    )
    assert list(config.services) == ["web", "db", "cache", "api"]
    assert config.services["api"].needs == ("db",)
    assert config.must_deps == ("api",)
    assert config.vars["l"] == [2, 3]
    assert config.vars["m"] == {"x": 1, "z": 2, "n": [1]}
    assert config.high == ("web",)


def test_services_can_be_taken_out(load: Load) -> None:
    config = load(
        "extends: base.yaml\n-service: [db]\nmust_deps: []\n", {"configs/base.yaml": "service: {web: {}, db: {}}\n"}
    )
    assert list(config.services) == ["web"]


def test_taking_out_what_is_not_there_is_told(load: Load) -> None:
    config = load("extends: base.yaml\n-must_deps: [db, dbb]\n", {"configs/base.yaml": BASE})
    (caution,) = config.warnings
    assert (caution.code, caution.message, caution.suggestion) == (
        "MSH012",
        "dbb is not there to be removed",
        "did you mean db?",
    )
    assert caution.where == Where("configs/dev.yaml", 2, 18)


def test_a_list_of_services_replaces_and_a_mapping_adds_to_them(load: Load) -> None:
    base = {"configs/base.yaml": "service: {web: {needs: [db]}, db: {}}\n"}
    assert list(load("extends: base.yaml\nservice: [web]\n", base).services) == ["web"]
    assert load("extends: base.yaml\nservice: [web]\n", base).services["web"].needs == ()
    added = load("extends: base.yaml\nservice: {web: {template: x}, api: {}}\n", base)
    assert list(added.services) == ["web", "db", "api"]
    assert (added.services["web"].needs, added.services["web"].template) == (("db",), "x")


def test_an_empty_key_leaves_the_layer_below(load: Load) -> None:
    config = load("extends: base.yaml\nservice:\nmust_deps:\nvars:\n", {"configs/base.yaml": BASE})
    assert (list(config.services), config.must_deps, config.vars["a"]) == (["web", "db"], ("db",), "base")


def test_a_null_variable_is_null(load: Load) -> None:
    assert load("extends: base.yaml\nvars: {a: ~}\n", {"configs/base.yaml": BASE}).vars["a"] is None


def test_set_goes_anywhere(load: Load) -> None:
    config = load(
        "service: [web, {db: {}}]\nservice_group: {all: [web]}\nmust_deps: [db]\nvars: {m: {x: 1}, l: [{a: 1}, 2]}\n",
        assignments=sets(
            "vars.tag=v2",
            "vars.m.w=[1, 2]",
            r"vars.dotted\.name.k=0x1f",
            "vars.l[0].a=5",
            "vars.l[2]=three",
            "service.web.vars.replicas=2",
            "service.web.needs=[db]",
            "service.db.wait.timeout=90s",
            "service_group.all[1]=db",
            "+must_deps=[web]",
            "istio.inject=false",
        ),
    )
    assert config.vars == {
        "m": {"x": 1, "w": [1, 2]},
        "l": [{"a": 5}, 2, "three"],
        "tag": "v2",
        "dotted.name": {"k": 31},
    }
    assert config.services["web"].vars["replicas"] == 2
    assert config.services["web"].needs == ("db",)
    assert config.services["db"].wait.timeout == 90.0
    assert config.groups["all"].services == ("web", "db")
    assert config.must_deps == ("db", "web")
    assert config.istio.inject is False


def test_set_takes_the_short_ways_of_files(load: Load) -> None:
    config = load(
        "service: [a]\nmust_deps: [a]\n", assignments=sets("service=[web, {db: {needs: [web]}}]", "must_deps=[db]")
    )
    assert list(config.services) == ["web", "db"]
    assert config.services["db"].needs == ("web",)
    assert load("service: [a]\nmust_deps: [a]\n", assignments=sets("must_deps=")).must_deps == ("a",)


def test_set_file_takes_the_text_of_a_file(load: Load) -> None:
    config = load("", {"ca.pem": "---\nkey: 1\n"}, assignments=[Assignment("vars.ca", "ca.pem", "file", "--set-file")])
    assert config.vars["ca"] == "---\nkey: 1\n"


@pytest.mark.parametrize(
    ("assignment", "error"),
    [
        ("output_pth=x", '--set output_pth=x: there is no "output_pth" (did you mean output_path?)'),
        ("service.wbe.vars.a=1", '--set service.wbe.vars.a=1: there is no "wbe" in service (did you mean web?)'),
        ("service.web.var.a=1", '--set service.web.var.a=1: there is no "var" in service.web (did you mean vars?)'),
        (
            "service_group.al=[web]",
            '--set service_group.al=[web]: there is no "al" in service_group (did you mean all?)',
        ),
        ("must_deps.web=1", '--set must_deps.web=1: there is no "web" in must_deps'),
        ("must_deps[3]=web", "--set must_deps[3]=web: must_deps has only 1 items (the next one is [1])"),
        ("vars[0]=1", "--set vars[0]=1: vars is no list"),
        ("vars..a=1", '--set vars..a=1: "vars..a" is no path (write it like vars.tag or vars.hosts[0])'),
        ("[0]=1", '--set [0]=1: "[0]" is no path (write it like vars.tag or vars.hosts[0])'),
        ("=1", "--set =1: a path is missing before the ="),
        ("vars.a={", "--set vars.a={: a value was expected here (compare the brackets)"),
    ],
)
def test_a_set_that_cannot_be_is_a_usage_error(load: Load, assignment: str, error: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(
            "service: [web]\nservice_group: {all: [web]}\nmust_deps: [web]\nvars: {a: 1}\n",
            assignments=sets(assignment),
        )
    assert str(caught.value) == error
    assert caught.value.exit_code == 2


def test_all_wrong_sets_are_told_together(load: Load) -> None:
    with pytest.raises(Problems) as caught:
        load("", assignments=sets("a=1", "b=2"))
    assert len(caught.value.errors) == 2


def test_a_wrong_value_of_set_is_told_where_it_was_given(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load("service: [web]\n", assignments=sets("must_deps=web"))
    assert (
        str(caught.value)
        == '--set must_deps=web: must_deps has to be a list of services, not the text "web" (write [web])'
    )


def test_a_variable_of_the_environment_that_is_no_yaml(load: Load) -> None:
    with pytest.raises(MeshctlError) as caught:
        load("", environ={"MESHCTL_VAR_x": "{"})
    assert caught.value.where is not None
    assert caught.value.where.file == "MESHCTL_VAR_x"


@pytest.mark.parametrize(
    ("files", "error"),
    [
        (
            {"configs/dev.yaml": "a: 1\nextends: bse.yaml\n", "configs/base.yaml": ""},
            "configs/dev.yaml:2:10: extends configs/bse.yaml, which is not there (did you mean base.yaml?)",
        ),
        (
            {"configs/dev.yaml": "extends: [a.yaml]\n", "configs/a.yaml": "extends: dev.yaml\n"},
            "configs/a.yaml:1:10: files extend each other: configs/dev.yaml → configs/a.yaml → configs/dev.yaml",
        ),
        (
            {"configs/dev.yaml": "extends: ../../secrets.yaml\n", "../secrets.yaml": ""},
            "configs/dev.yaml:1:10: extends ../../secrets.yaml, which is outside of the project",
        ),
        ({"configs/dev.yaml": "- a\n"}, "configs/dev.yaml:1:1: a project file is a mapping"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_extended(load: Load, files: dict[str, str], error: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(files=files)
    assert str(caught.value) == error


def test_a_link_out_of_the_project_is_refused(load: Load, project: Any) -> None:
    (project.parent / "secrets.yaml").write_text("vars: {a: 1}\n")
    (project / "configs" / "link.yaml").symlink_to(project.parent / "secrets.yaml")
    with pytest.raises(ConfigError, match="outside of the project") as caught:
        load("extends: link.yaml\n")
    assert caught.value.code == "MSH021"


def test_files_that_extend_each_other_twice_a_level_come_to_an_end(load: Load) -> None:
    files = {f"configs/f{n}.yaml": f"extends: [f{n + 1}.yaml, f{n + 1}.yaml]\n" for n in range(40)}
    with pytest.raises(MeshctlError, match="more than 100 files"):
        load("extends: f0.yaml\n", {**files, "configs/f40.yaml": ""})


def test_broken_files_of_several_layers_are_told_together(load: Load) -> None:
    with pytest.raises(Problems) as caught:
        load("extends: [a.yaml, b.yaml]\n", {"configs/a.yaml": "x: [\n", "configs/b.yaml": "c: 1\nc: 2\n"})
    assert [str(error).split(":")[0] for error in caught.value.errors] == ["configs/a.yaml", "configs/b.yaml"]


def test_each_value_knows_every_layer_that_set_it(load: Load) -> None:
    config = load(
        "extends: base.yaml\nvars: {a: file}\n+must_deps: [web]\n",
        {"configs/base.yaml": BASE, "configs/dev.local.yaml": "vars:\n  a: local\n"},
        environ={"MESHCTL_VAR_b": "1"},
        assignments=sets("vars.a=set"),
    )
    told = [(origin.path, origin.value, origin.layer, str(origin.where)) for origin in config.origins]
    assert [line for line in told if line[0] in ("vars.a", "vars.b", "must_deps", "service.web", "output_path")] == [
        ("must_deps", ["db"], "configs/base.yaml", "configs/base.yaml:3:12"),
        ("must_deps", ["web"], "configs/dev.yaml", "configs/dev.yaml:3:13"),
        ("output_path", "./output", "default", "None"),
        ("service.web", "web", "configs/base.yaml", "configs/base.yaml:1:11"),
        ("vars.a", "base", "configs/base.yaml", "configs/base.yaml:2:11"),
        ("vars.a", "file", "configs/dev.yaml", "configs/dev.yaml:2:11"),
        ("vars.a", "local", "configs/dev.local.yaml", "configs/dev.local.yaml:2:6"),
        ("vars.a", "set", "--set vars.a=set", "--set vars.a=set"),
        ("vars.b", 1, "MESHCTL_VAR_b", "MESHCTL_VAR_b"),
    ]
    marked = [(origin.operator, origin.in_force) for origin in config.origins if origin.path in ("must_deps", "vars.a")]
    assert marked == [("", True), ("+", True), ("", False), ("", False), ("", False), ("", True)]
    assert config.where("vars", "a") == Where("--set vars.a=set")
    assert config.where("vars", "m", "x") == Where("configs/base.yaml", 2, 24)
    assert config.where("service", "web") == Where("configs/base.yaml", 1, 11)
    assert config.where("must_deps", 1) == Where("configs/dev.yaml", 3, 14)
    assert config.where("nothing") == Where("configs/base.yaml", 1, 1)


scalars = st.integers(0, 3) | st.sampled_from(["a", "b"])
trees = st.recursive(
    scalars | st.lists(scalars, max_size=3),
    lambda children: st.dictionaries(st.sampled_from("abcd"), children, max_size=4),
    max_leaves=12,
)
mappings = st.dictionaries(st.sampled_from("abcd"), trees, max_size=4)


def merged(*values: Any) -> Any:
    root: Setting | None = None
    for number, value in enumerate(values):
        root = merge(root, Setting.of(value, Layer(str(number), lambda _path, _key: None)))
    return root.plain if root else None


def overlaid(base: Any, over: Any) -> Any:
    """Merging by its definition, without places."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return base | {key: overlaid(base.get(key), value) for key, value in over.items()}


@given(mappings, mappings)
def test_merging_is_what_it_is_defined_to_be(base: Any, over: Any) -> None:
    assert merged(base, over) == overlaid(base, over)


@given(mappings, mappings)
def test_merging_again_changes_nothing(one: Any, two: Any) -> None:
    assert merged(one, one) == one
    assert merged(one, two, two) == merged(one, two)
    assert merged(one, {}) == merged({}, one) == one


@given(st.lists(scalars), st.lists(scalars))
def test_what_is_appended_is_at_the_end_and_what_is_removed_is_gone(base: list[Any], more: list[Any]) -> None:
    assert merged({"a": base}, {"+a": more}) == {"a": base + more}
    assert merged({"a": base}, {"-a": more}) == {"a": [item for item in base if item not in more]}
    assert merged({"a": base}, {"+a": more}, {"-a": more}) == merged({"a": base}, {"-a": more})


@given(mappings, mappings)
def test_the_last_source_of_a_value_is_the_layer_that_has_it(base: Any, over: Any) -> None:
    root = merge(
        Setting.of(base, Layer("base", lambda _p, _k: None)), Setting.of(over, Layer("over", lambda _p, _k: None))
    )
    for key, setting in root.value.items():
        assert setting.sources[-1].layer.name == ("over" if key in over else "base")
        assert [source.layer.name for source in setting.sources] == [
            name for name, layer in (("base", base), ("over", over)) if key in layer
        ]


def test_a_default_and_the_command_line_are_layers_too(load: Load) -> None:
    config = load("output_path: ./out\nnamespace: dev-a\n", namespace="dev-b")
    told = [(origin.path, origin.value, origin.layer, origin.in_force) for origin in config.origins]
    assert told[:4] == [
        ("namespace", "dev-a", "configs/dev.yaml", False),
        ("namespace", "dev-b", "--namespace", True),
        ("output_path", "./output", "default", False),
        ("output_path", "./out", "configs/dev.yaml", True),
    ]
