"""Every rule against the examples of its own page, and against objects of any shape."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshctl import check, config, plan, render, yamlio
from meshctl.check import Finding, Rule

OF_PROJECTS = [rule for rule in check.all_rules() if rule.scope == "project"]
OF_MANIFESTS = [rule for rule in check.all_rules() if rule.scope in ("object", "pod", "bundle")]


@pytest.mark.parametrize("rule", OF_MANIFESTS, ids=lambda rule: rule.code)
def test_a_rule_finds_its_bad_example_and_leaves_the_good_one_alone(rule: Rule) -> None:
    verdicts = [verdict for verdict, _ in rule.examples]
    assert set(verdicts) == {"bad", "good"}
    for verdict, text in rule.examples:
        findings = check.check_manifests(text)
        codes = {finding.code for finding in findings}
        assert (rule.code in codes) == (verdict == "bad"), f"{verdict}: {findings}"
        if verdict == "good":
            assert not [finding for finding in findings if finding.severity == "error"]


@pytest.mark.parametrize("rule", OF_PROJECTS, ids=lambda rule: rule.code)
def test_a_rule_of_the_project_does_the_same(rule: Rule, tmp_path: Path) -> None:
    """A service of an example that has no template has a ConfigMap."""
    verdicts = [verdict for verdict, _ in rule.examples]
    assert set(verdicts) == {"bad", "good"}
    for number, (verdict, text) in enumerate(rule.examples):
        findings = checked(tmp_path / str(number), text)
        assert (rule.code in {finding.code for finding in findings}) == (verdict == "bad"), f"{verdict}: {findings}"
        if verdict == "good":
            assert not [finding for finding in findings if finding.severity == "error"]


def checked(folder: Path, text: str) -> tuple[Finding, ...]:
    """The findings of a project; `# path` begins a file, and what comes first is the project file."""
    parts = re.split(r"^# (\S+/\S+)\n", f"# configs/dev.yaml\n{text}", flags=re.MULTILINE)
    files = dict(zip(parts[1::2], parts[2::2], strict=True))
    for name in yamlio.load(files["configs/dev.yaml"], "dev.yaml").value["service"]:
        if not any(file.startswith(f"templates/{name}/") for file in files):
            files[f"templates/{name}/{name}.yaml"] = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"
    for file, content in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(content)
    project = config.find_project(directory=folder, environment="dev", file=None, environ={}, cwd=folder)
    everything = plan.whole(config.load(project, environ={"USER": "anna"}, cwd=folder))
    attempt = render.attempt(everything, environ={}, cache=folder / ".cache")
    return check.check(check.Material(everything, attempt.bundle, attempt.errors, attempt.complete)).findings


TOLD_OF_DB = """\
namespace: mine
service: {{web: {{needs: [db]}}, db: {{}}}}
# templates/web/web.yaml
apiVersion: v1
kind: Pod
metadata: {{name: web}}
spec: {{containers: [{{name: web, image: "web:1", env: [{{name: DB, value: "{value}"}}]}}]}}
# templates/db/db.yaml
apiVersion: v1
kind: Service
metadata: {{name: db}}
spec: {{selector: {{app: db}}, ports: [{{port: 5432}}]}}
"""


@pytest.mark.parametrize(
    ("value", "finds"),
    [
        ("db.mine.svc:5432", []),
        ("db:5432", []),
        ("db.theirs.svc:5432", ["web.yaml:4 web needs db, and is told of it in another namespace only"]),
        ("db.theirs.svc:5432,db:5432", []),
        ("queue:5432", ["dev.yaml:2 web needs db, and nothing that it is told names it"]),
    ],
)
def test_a_name_with_another_namespace_is_no_sign_of_a_need(value: str, finds: list[str], tmp_path: Path) -> None:
    findings = checked(tmp_path, TOLD_OF_DB.format(value=value))
    needs = [(finding.where, finding.message) for finding in findings if finding.code in ("MSH401", "MSH402")]
    assert [f"{Path(str(where.file)).name}:{where.line} {message}" for where, message in needs if where] == finds


@pytest.mark.parametrize("rule", check.all_rules(), ids=lambda rule: rule.code)
def test_a_rule_has_a_page(rule: Rule) -> None:
    assert re.fullmatch(r"MSH[0-5]\d\d", rule.code)
    assert rule.title[-1].isalnum(), "the first line is one sentence"
    assert len(rule.title) < 100
    assert rule.explanation, "the page says why"


SHAPES = [None, "", "x", 0, -1, 2.5, True, [], {}, [None], ["x"], {"x": None}, {"name": 1}, [[]], [{}]]
ODD = st.sampled_from([*SHAPES, 10**30, "9" * 5000, "1e999999999", "*", "/", "."])
EXAMPLES = [
    yamlio.load_all(text, "example") for rule in OF_MANIFESTS for verdict, text in rule.examples if verdict == "good"
]


@given(st.data())
@settings(max_examples=150)
def test_no_shape_of_an_object_makes_a_rule_raise(data: st.DataObject) -> None:
    """One value anywhere in good manifests is replaced: rules read on where the schema complains."""
    bodies = copy.deepcopy([document.value for document in data.draw(st.sampled_from(EXAMPLES))])
    if places := sorted(_places(bodies), key=lambda place: str(place[1])):
        container, step = data.draw(st.sampled_from(places))
        container[step] = data.draw(ODD)
    check.check_manifests(yamlio.dump_all(bodies))


def _places(bodies: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Every value but what identifies the object, which rendering has made sure of."""
    for body in bodies:
        kept = {key: body[key] for key in body if key not in ("apiVersion", "kind", "metadata")}
        yield from _below(body, kept)
        yield from _below(body["metadata"], {key: body["metadata"][key] for key in body["metadata"] if key != "name"})


def _below(container: Any, steps: Any) -> Iterator[tuple[Any, Any]]:
    for step in steps if isinstance(steps, dict) else range(len(steps)):
        yield container, step
        if isinstance(container[step], (dict, list)):
            yield from _below(container[step], container[step])
