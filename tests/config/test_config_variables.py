"""Variables: expressions, types, scopes, circles, and the names that they may use."""

from __future__ import annotations

import pytest
from conftest import Load

from meshctl.config import Assignment, Config
from meshctl.errors import MeshctlError, Problems

CIRCLE = "variables read each other in a circle"


def refused(load: Load, text: str) -> list[str]:
    with pytest.raises(MeshctlError) as caught:
        load(text)
    errors = caught.value.errors if isinstance(caught.value, Problems) else (caught.value,)
    return [f"{error.code} {error}".replace("configs/dev.yaml:", "", 1) for error in errors]


def test_variables_see_each_other_in_any_order_and_the_environment(load: Load) -> None:
    text = """
vars:
  image: "{{ registry }}/web:{{ tag }}"
  registry: "{{ env.REGISTRY | default('registry.local') }}"
  tag: v{{ version }}
  version: 3
  nested: {hosts: ["{{ project }}.{{ namespace }}", "{{ user }}"], plain: "{ not { a template"}
"""
    config = load(text)
    assert config.vars["image"] == "registry.local/web:v3"
    assert config.vars["nested"] == {"hosts": ["shop.anna", "anna"], "plain": "{ not { a template"}
    assert load(text, environ={"REGISTRY": "r.example.com"}).vars["image"] == "r.example.com/web:v3"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("{{ k }}", 2),
        ("{{ k + 1.5 }}", 3.5),
        ("{{ not k }}", False),
        ("{{ none }}", None),
        ("{{ l }}", [1, {"a": "x"}]),
        ("{{ l[1] }}", {"a": "x"}),
        ("{{ l | map('string') }}", ["1", "{'a': 'x'}"]),
        ("{{ range(3) }}", [0, 1, 2]),
        ("{{ (1, 2) }}", [1, 2]),
        ("{{- k -}}", 2),
        ("{# why #}{{ k }}", 2),
        ("{{ '2' }}", "2"),
        (" {{ k }}", " 2"),
        ("{{ k }}{{ k }}", "22"),
        ("{% if k > 1 %}many{% endif %}", "many"),
        ("{{ l | tojson }}", '[1, {"a": "x"}]'),
        ("{{ l | toyaml }}", "- 1\n- a: x"),
        ("{{ k }}\n", "2\n"),
        ("{% raw %}{{ k }}{% endraw %}", "{{ k }}"),
    ],
)
def test_one_expression_alone_keeps_its_type(load: Load, expression: str, value: object) -> None:
    assignment = Assignment("vars.x", expression, "string", "--set-string")
    found = load("vars: {k: 2, l: [1, {a: x}]}\n", assignments=[assignment]).vars["x"]
    assert (type(found), found) == (type(value), value)


def test_a_value_is_evaluated_once(load: Load) -> None:
    config = load("""vars: {a: "{{ '{{' }} b }}", b: 1, c: "{{ a }}"}\n""")
    assert config.vars["c"] == "{{ b }}"


def services(load: Load) -> Config:
    return load("""
vars:
  registry: registry.local
  tag: v1
  image: "{{ registry }}/app:{{ tag }}"
  labels: {team: a}
service:
  web:
    vars: {tag: v2, replicas: "{{ count }}", count: 3}
  api:
    vars:
      labels: "{{ dict(labels, tier='back') }}"
      image: "{{ image }}-debug"
  db: {}
""")


def test_a_services_variables_lie_over_the_projects_for_it_alone(load: Load) -> None:
    config = services(load)
    assert config.vars["image"] == "registry.local/app:v1"
    assert config.services["web"].vars == {
        "registry": "registry.local",
        "tag": "v2",
        "image": "registry.local/app:v2",
        "labels": {"team": "a"},
        "replicas": 3,
        "count": 3,
    }
    assert config.services["db"].vars == config.vars


def test_a_services_variable_that_reads_its_own_name_reads_the_projects(load: Load) -> None:
    api = services(load).services["api"]
    assert api.vars["image"] == "registry.local/app:v1-debug"
    assert api.vars["labels"] == {"team": "a", "tier": "back"}


def test_effective_has_every_value_evaluated(load: Load) -> None:
    effective = services(load).effective
    assert effective["vars"]["image"] == "registry.local/app:v1"
    assert effective["service"]["api"]["vars"] == {
        "labels": {"team": "a", "tier": "back"},
        "image": "registry.local/app:v1-debug",
    }
    assert effective["service"]["db"] == {}
    assert (effective["project"], effective["namespace"]) == ("shop", "anna")
    assert (effective["output_path"], effective["templates"]) == ("./output", "./templates")


def test_circles_are_named_with_their_places(load: Load) -> None:
    text = 'vars:\n  a: "{{ b }}"\n  b: [1, "{{ c }}"]\n  c: {d: "x{{ a }}"}\n  e: "{{ e }}"\n  f: "{{ a }}"\n'
    assert refused(load, text) == [
        f"MSH017 2:6: {CIRCLE}: a (configs/dev.yaml:2:6) → b (configs/dev.yaml:3:6) → c (configs/dev.yaml:4:6) → a",
        f"MSH017 5:6: {CIRCLE}: e (configs/dev.yaml:5:6) → e",
    ]


def test_a_circle_that_a_service_closes(load: Load) -> None:
    text = 'vars: {a: "{{ b }}", b: 1}\nservice:\n  web:\n    vars: {b: "{{ a }}"}\n'
    assert [line.split(":")[0] for line in refused(load, text)] == ["MSH017 1"]


def test_what_is_undefined_is_told_once_with_the_nearest_name(load: Load) -> None:
    text = """\
vars:
  replicas: 1
  a: "{{ replcas }}"
  b: ["{{ a }}", "{{ xyzzy + 1 }}"]
  c: "{{ env.HOEM }}"
  d: "{{ m.colour }}"
  m: {color: red}
service: {web: {vars: {z: "{{ usr }}"}}, api: {vars: {z: 1}}}
"""
    default = "give it a default: {{ … | default('…') }}"
    assert refused(load, text) == [
        'MSH018 3:6: "replcas" is not defined (did you mean replicas?)',
        f'MSH018 4:18: "xyzzy" is not defined (define it under vars, or {default})',
        f'MSH018 5:6: "HOEM" is not defined ({default})',
        'MSH018 6:6: "colour" is not defined (did you mean color?)',
        'MSH018 8:27: "usr" is not defined (did you mean user?)',
    ]


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("{{ a", "MSH101 1:11: not a template: unexpected end of template, expected }}"),
        ("{{ 1 / 0 }}", "MSH114 1:11: division by zero"),
        (
            "{{ 'x' * 10 ** 12 }}",
            "MSH114 1:11: the result of * is too large (is there a number too high, or a loop too many?)",
        ),
        (
            "{{ 2 ** 999999 }}",
            "MSH114 1:11: the result of ** is too large (is there a number too high, or a loop too many?)",
        ),
        ("{{ ''.__class__ }}", "MSH114 1:11: access to attribute '__class__' of 'str' object is unsafe"),
        ("{{ fail('no tag') }}", "MSH112 1:11: no tag"),
        ("{{ range }}", "MSH114 1:11: a function is no value that YAML could hold"),
        (
            "{{ .Values.tag }}",
            "MSH103 1:11: this is Go template syntax (templates are Jinja; meshctl migrate translates Go templates)",
        ),
        (
            "{{ if eq .a 1 }}x{{ end }}",
            "MSH103 1:11: this is Go template syntax (templates are Jinja; meshctl migrate translates Go templates)",
        ),
    ],
)
def test_expressions_that_fail(load: Load, value: str, error: str) -> None:
    assert refused(load, f'vars: {{x: "{value}"}}\n') == [error]


def test_the_namespace_comes_from_the_first_that_names_one(load: Load) -> None:
    text = "namespace: dev-{{ user }}-{{ team }}\nvars: {namespace: own, team: a, host: '{{ namespace }}.local'}\n"
    assert load(text, namespace="given").namespace == "given"
    assert load(text).namespace == "dev-anna-a"
    assert load("vars: {namespace: own}\n").namespace == "own"
    assert load("namespace:\nvars: {namespace: }\n").namespace == "anna"
    assert load("", environ={"USER": "Anna.O'Neill"}).namespace == "anna-o-neill"


def test_variables_see_the_namespace_that_is_used_in_the_end(load: Load) -> None:
    text = "vars: {namespace: own, host: '{{ namespace }}.local'}\n"
    assert load(text).vars == {"namespace": "own", "host": "own.local"}
    assert load(text, namespace="given").vars == {"namespace": "given", "host": "given.local"}
    assert load("vars: {host: '{{ namespace }}.local'}\n").vars == {"host": "anna.local"}


def test_a_namespace_that_cannot_be_had_is_one_error(load: Load) -> None:
    assert [line[:11] for line in refused(load, "namespace: '{{ tem }}'\nvars: {team: a}\n")] == ["MSH018 1:12"]


def test_a_long_chain_of_variables_has_an_end(load: Load) -> None:
    def chain(length: int) -> str:
        return "vars:\n" + "".join(f'  a{k}: "{{{{ a{k + 1} }}}}"\n' for k in range(length)) + f"  a{length}: 1\n"

    assert load(chain(49)).vars["a0"] == 1
    assert refused(load, chain(1000))[0] == "MSH017 52:8: variables read each other more than 50 deep"


def test_login_names_come_from_the_environment_or_the_system(load: Load) -> None:
    assert load("", environ={"USER": "", "LOGNAME": "Bob"}).user == "bob"
    assert load("", environ={"USER": ""}).user
    assert load("", environ={"USER": "日本"}).user == "user"
