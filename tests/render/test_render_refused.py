"""What is refused: where, in which words, and with what advice."""

from __future__ import annotations

from pathlib import Path

import pytest
from rendering import config_map, problems, write

CONFIG = "project: shop\nnamespace: dev-anna\nvars: {registry: r.local}\nservice: [web]\n"
MACROS = """\
{% macro labels(app) -%}
labels:
  app: {{ app }}
   tier: web
{%- endmacro %}
{% macro image() %}{{ registri }}{% endmacro %}
{% macro shown() %}{{ registry }}{% endmacro %}
"""
DEFINE = "define it: vars in configs/dev.yaml, service.web.vars, or --set vars.NAME=VALUE"


def web(text: str, root: Path, **files: str) -> list[str]:
    return problems(root, {"configs/dev.yaml": CONFIG, "templates/web/a.yaml": text, **files})


class TestTemplates:
    def test_a_missing_variable_is_told_with_who_could_define_it(self, tmp_path: Path) -> None:
        assert web("a: 1\nb: {{ zone }}\n", tmp_path) == [
            f'MSH102 templates/web/a.yaml:2:7: "zone" is not defined ({DEFINE})'
        ]

    def test_all_missing_variables_of_a_template_are_told_and_the_nearest_names(self, tmp_path: Path) -> None:
        text = "a: {{ registri }}\nb: {{ zone.name }}\nc: {{ zone }}\nd: {{ service.nme }}\n"
        assert web(text, tmp_path) == [
            f'MSH102 templates/web/a.yaml:1:7: "registri" is not defined (did you mean registry? or {DEFINE})',
            f'MSH102 templates/web/a.yaml:2:7: "zone" is not defined ({DEFINE})',
            'MSH102 templates/web/a.yaml:4:15: "nme" is not defined (did you mean name?)',
        ]

    def test_a_missing_variable_in_a_partial_is_told_with_the_template_that_took_it_in(self, tmp_path: Path) -> None:
        text = '{% import "macros.j2" as macros with context %}\na: {{ macros.image() }}\n'
        assert web(text, tmp_path, **{"templates/_lib/macros.j2": MACROS}) == [
            (
                'MSH102 templates/_lib/macros.j2:6:23: "registri" is not defined (included by templates/web/a.yaml:2) '
                f"(did you mean registry? or {DEFINE})"
            )
        ]

    def test_a_partial_without_context_does_not_see_the_variables(self, tmp_path: Path) -> None:
        text = '{% import "macros.j2" as macros %}\na: {{ macros.shown() }}\n'
        (problem,) = web(text, tmp_path, **{"templates/_lib/macros.j2": MACROS})
        assert problem.startswith('MSH102 templates/_lib/macros.j2:7:23: "registry" is not defined')
        assert "only when it is imported `with context`" in problem

    @pytest.mark.parametrize(
        ("text", "place", "action"),
        [
            ("a: 1\nb: {{ .Values.image }}\n", "2:4", "{{ .Values.image }}"),
            ("a: 1\n  {{- range .list }}\n  - x\n  {{ end }}\n", "2:3", "{{- range .list }}"),
            ("{{ if .on }}\na: 1\n{{ end }}\n", "1:1", "{{ if .on }}"),
            ("a: {{ $x }}\n", "1:4", "{{ $x }}"),
            ('a: {{ include "part" . }}\n', "1:4", '{{ include "part" . }}'),
            ("{{/* a comment */}}\na: 1\n", "1:1", "{{/* a comment */}}"),
        ],
    )
    def test_go_syntax_is_told_with_a_word_about_migrate(
        self, tmp_path: Path, text: str, place: str, action: str
    ) -> None:
        assert web(text, tmp_path) == [
            (
                f"MSH103 templates/web/a.yaml:{place}: this is Go template syntax: {action} "
                "(templates are Jinja; meshctl migrate translates Go templates)"
            )
        ]

    def test_jinja_that_looks_like_go_is_jinja(self, tmp_path: Path) -> None:
        text = "a: {{ range(3) | list }}\nb: {{ not registry }}\nc: {{ block if registry else 1 }}\n"
        assert web(text, tmp_path) == [f'MSH102 templates/web/a.yaml:3:7: "block" is not defined ({DEFINE})']

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("a: 1\nb: {{ x\n", "MSH101 templates/web/a.yaml:2: not a template: unexpected end of template"),
            (
                "a: 1\n{% if x %}\n",
                "MSH101 templates/web/a.yaml:2: not a template: the if block is not closed ({% endif %} is missing)",
            ),
            ('\n{% include "_prt.j2" %}\n', "MSH101 templates/web/a.yaml:2:13: there is no template _prt.j2"),
            ('\n{{ fail("no tls here") }}\n', "MSH112 templates/web/a.yaml:2: no tls here"),
            ("a: {{ 1 / 0 }}\n", "MSH114 templates/web/a.yaml:1: division by zero"),
            ("a: {{ range(10 ** 9) }}\n", "MSH114 templates/web/a.yaml:1: Range too big"),
            ("a: {{ ''.__class__.__mro__ }}\n", "MSH114 templates/web/a.yaml:1: access to attribute '__class__'"),
            ("a: {{ service.groups.append(1) }}\n", "MSH114 templates/web/a.yaml:1: access to attribute 'append'"),
            ("a: {{ 1 | jsn }}\n", "MSH101 templates/web/a.yaml:1:11: not a template: there is no filter jsn"),
            (
                "{% if 1 is strng %}{% endif %}\n",
                "MSH114 templates/web/a.yaml:1:12: there is no test strng",
            ),
            ("a: 1\n{% elif x %}\n", "MSH101 templates/web/a.yaml:2:4: not a template: there is no tag elif here"),
            (
                "{% if x %}\n{% for a in x %}\na: 1\n{% endif %}\n",
                "MSH101 templates/web/a.yaml:4:4: not a template: there is no tag endif here (did you mean endfor?)",
            ),
            ("a: {{ x y }}\n", "MSH101 templates/web/a.yaml:1:9: not a template: expected token }}, got 'y'"),
            ("a: {{ (1)) }}\n", "MSH101 templates/web/a.yaml:1:10: not a template: unexpected ')'"),
            ("a: {{ f(1,\n  zone,\n) }}\n", 'MSH102 templates/web/a.yaml:1:7: "f" is not defined'),
            ('{% include "a.yaml" %}', "MSH114 templates/web/a.yaml:1: templates, macros or includes without end"),
        ],
    )
    def test_what_a_template_cannot_do(self, tmp_path: Path, text: str, problem: str) -> None:
        (found,) = web(text, tmp_path)
        assert found.startswith(problem)

    def test_a_word_in_a_later_line_of_an_expression(self, tmp_path: Path) -> None:
        text = "a: {{ [\n  registry,\n  zone] | join }}\nzone: 1\n"
        assert web(text, tmp_path) == [f'MSH102 templates/web/a.yaml:3:3: "zone" is not defined ({DEFINE})']

    @pytest.mark.parametrize(
        ("call", "problem"),
        [
            ("macros.labls('x')", '1:58: "labls" is not in the template that is imported (did you mean labels?)'),
            ("macros.xyz()", '1:58: "xyz" is not in the template that is imported (it has image, labels, shown)'),
            ("macros.labels(ap='x')", "1:65: the macro labels has no argument ap (did you mean app?)"),
        ],
    )
    def test_what_a_macro_is_not(self, tmp_path: Path, call: str, problem: str) -> None:
        text = '{% import "macros.j2" as macros with context %}{{ ' + call + " }}\n"
        (found,) = web(text, tmp_path, **{"templates/_lib/macros.j2": MACROS})
        assert found.partition("templates/web/a.yaml:")[2] == problem

    def test_a_misspelt_partial_is_told_with_the_nearest(self, tmp_path: Path) -> None:
        text = '{% import "macro.j2" as macros %}\n'
        (problem,) = web(text, tmp_path, **{"templates/_lib/macros.j2": MACROS})
        assert problem.endswith("there is no template macro.j2 (did you mean _lib/macros.j2?)")

    def test_text_without_end_is_refused(self, tmp_path: Path) -> None:
        text = "{% for i in range(40) %}{{ 'x' * 1000000 }}{% endfor %}"
        assert web(text, tmp_path) == ["MSH114 templates/web/a.yaml: this renders to more than 32 MB"]

    def test_a_template_that_is_no_utf8_is_refused(self, tmp_path: Path) -> None:
        write(tmp_path, {"templates/web/a.yaml": ""})
        (tmp_path / "templates/web/a.yaml").write_bytes(b"a: 1\nb: \xff\n")
        assert problems(tmp_path, {}) == [
            "MSH001 templates/web/a.yaml:2:4: byte 0xff is no UTF-8 (save the file as UTF-8)"
        ]


class TestYaml:
    def test_a_broken_indent_is_told_at_the_line_of_the_template(self, tmp_path: Path) -> None:
        text = "{# two\nlines #}\n{% if true %}\na: {{ registry }}\n b: 2\n{% endif %}\n"
        (problem,) = web(text, tmp_path)
        assert problem.startswith('MSH105 templates/web/a.yaml:5:3: a ":" where no mapping can begin')

    def test_in_a_macro_it_is_told_there_with_the_call(self, tmp_path: Path) -> None:
        text = config_map() + '---\n{% import "macros.j2" as m %}\nmetadata:\n  {{ m.labels("web") | indent(2) }}\n'
        (problem,) = web(text, tmp_path, **{"templates/_lib/macros.j2": MACROS})
        assert problem.startswith('MSH105 templates/_lib/macros.j2:4: a ":" where no mapping can begin')
        assert "(included by templates/web/a.yaml:10)" in problem

    def test_in_the_value_of_an_expression_it_is_told_at_the_expression(self, tmp_path: Path) -> None:
        text = 'a:\n  b: {{ "x\\n c: 3" }}\nd: 4\n'
        (problem,) = web(text, tmp_path)
        assert problem.startswith("MSH105 templates/web/a.yaml:2: ")

    def test_a_tab(self, tmp_path: Path) -> None:
        assert web("{% set x = 1 %}\na:\n\tb: 1\n", tmp_path) == [
            "MSH105 templates/web/a.yaml:3:1: a tab, where YAML wants spaces (indent with spaces)"
        ]

    def test_a_duplicate_key_with_the_line_of_the_first(self, tmp_path: Path) -> None:
        text = "{% for key in ['a'] %}\n{{ key }}: 1\n{% endfor %}\nb: 2\na: 3\n"
        assert web(text, tmp_path) == [
            'MSH002 templates/web/a.yaml:5:1: "a" is set twice in one mapping, first in line 2 (keep one of the two)'
        ]

    def test_a_fault_in_a_loop_is_told_once(self, tmp_path: Path) -> None:
        text = "{% for i in [1, 2, 3] %}\n---\na: 1\na: 2\n{% endfor %}\n"
        assert len(web(text, tmp_path)) == 1

    def test_problems_of_all_services_are_told_together(self, tmp_path: Path) -> None:
        files = {
            "configs/dev.yaml": "service: [a, b, c]\n",
            "templates/a/a.yaml": "{{ x }}",
            "templates/b/b.yaml": "a: [",
            "templates/c/c.yaml": "kind: X\n",
        }
        found = problems(tmp_path, files)
        assert [problem.split()[1].split(":")[0] for problem in found] == [
            "templates/a/a.yaml", "templates/b/b.yaml", "templates/c/c.yaml", "templates/c/c.yaml",
        ]  # fmt: skip


class TestObjects:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("kind: Pod\nmetadata: {name: x}\n", "1:1: an object without apiVersion (Pod is in v1)"),
            ("apiVersion: v1\nmetadata: {name: x}\n", "1:1: an object without kind"),
            ("apiVersion: v1\nkind: 5\nmetadata: {name: x}\n", "2:7: an object without kind"),
            ("apiVersion: v1\nkind: Pod\n", "1:1: a Pod without metadata.name"),
            ("apiVersion: v1\nkind: Pod\nmetadata: {name: ''}\n", "3:18: a Pod without metadata.name"),
            (
                "apiVersion: v1\nkind: Pod\nmetadata: {name: 12}\n",
                "3:18: the name of this Pod is 12, no text (quote it)",
            ),
            ("apiVersion: v1\nkind: Pod\nmetadata: [x]\n", "3:11: the metadata of this Pod is no mapping"),
            (
                "apiVersion: v1\nkind: Pod\nmetadata: {name: x, labels: [a]}\n",
                "3:29: the labels of this Pod are no mapping",
            ),
            (
                "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: x-}\n",
                (
                    "3:26: this Job has generateName and no name "
                    "(give it a name: with generateName each run would make another one)"
                ),
            ),
            ("- a\n", "1:1: a list where an object was expected (separate objects by ---)"),
            ("just words\n", "1:1: the value 'just words' where an object was expected (separate objects by ---)"),
            (
                "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n",
                "4:3: a Pod without metadata.name",
            ),
        ],
    )
    def test_an_object_that_is_none(self, tmp_path: Path, text: str, expected: str) -> None:
        assert web(text, tmp_path) == [f"MSH106 templates/web/a.yaml:{expected}"]

    def test_the_same_object_of_two_services_is_told_with_both_places(self, tmp_path: Path) -> None:
        files = {
            "configs/dev.yaml": "service: [api, web]\n",
            "templates/api/a.yaml": config_map("same"),
            "templates/web/b.yaml": "# a comment\n" + config_map("same"),
        }
        assert problems(tmp_path, files) == [
            (
                "MSH107 templates/web/b.yaml:2:1: ConfigMap same is rendered twice, here and at "
                "templates/api/a.yaml:1:1 (services: api and web) (give one of them another name)"
            )
        ]

    def test_the_same_name_in_two_versions_of_a_kind_is_the_same_object(self, tmp_path: Path) -> None:
        one = "apiVersion: networking.istio.io/{}\nkind: Gateway\nmetadata: {{name: gate}}\n"
        (problem,) = web(one.format("v1") + "---\n" + one.format("v1beta1"), tmp_path)
        assert problem.startswith("MSH107 templates/web/a.yaml:5:1: Gateway gate is rendered twice, here and at ")

    def test_a_foreign_namespace(self, tmp_path: Path) -> None:
        text = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\n  namespace: kube-system\n"
        assert web(text, tmp_path) == [
            (
                "MSH108 templates/web/a.yaml:5:14: Secret x is for namespace kube-system, and yours is dev-anna "
                "(leave the namespace out, or add kube-system to cluster.allow_namespaces)"
            )
        ]
