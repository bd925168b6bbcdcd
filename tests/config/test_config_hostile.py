"""Whatever is in a project file, it is loaded or refused in words."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from meshctl import config, yamlio
from meshctl.config import Assignment, Config
from meshctl.config.schema import known_keys
from meshctl.errors import MeshctlError, Problems

words = st.sampled_from(
    ["a", "b", "@a", "@b", "-x", "", "A b", "../x", "5m", "{{ a }}", "{{ b.c }}", "{{", "{% if %}", "é"]
)
scalars = words | st.none() | st.booleans() | st.integers(-1, 3) | st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    scalars,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(words, children, max_size=3),
    max_leaves=6,
)
names = st.lists(words, max_size=3) | anything
KEYS = [*known_keys(()), "+service", "-service", "+must_deps", "-must_deps", "unknown"]
files = st.dictionaries(st.sampled_from(KEYS), st.one_of(anything, names, st.dictionaries(words, names, max_size=3)))
paths = st.lists(words.filter(bool) | st.sampled_from(["vars", "service", "[0]", "needs"]), min_size=1, max_size=4)
assignments = st.lists(st.builds(Assignment, paths.map(".".join), words), max_size=2)


def loaded(file: dict[str, Any], assignments: list[Assignment]) -> Config | None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "configs").mkdir()
        (root / "configs" / "dev.yaml").write_text(yamlio.dump(file))
        project = config.Project(root, root / "configs" / "dev.yaml", "dev")
        try:
            return config.load(project, assignments=assignments, environ={"USER": "anna"}, cwd=root)
        except MeshctlError as error:
            problems = error.errors if isinstance(error, Problems) else (error,)
            assert all(problem.exit_code == 2 and problem.where and problem.message for problem in problems)
            return None


@settings(max_examples=300, deadline=None)
@given(files, assignments)
@example({"ttl": {"": "a"}, "requires": {"": []}, "templates": {"": []}}, [])
def test_it_is_loaded_or_refused_with_a_place(file: dict[str, Any], assignments: list[Assignment]) -> None:
    loaded(file, assignments)


declared = st.lists(st.sampled_from(["web", "db"]), unique=True, max_size=2)
settings_of_a_service = st.fixed_dictionaries(
    {},
    optional={
        "needs": declared,
        "template": st.just("shared"),
        "vars": st.fixed_dictionaries({}, optional={"tag": st.just("v2"), "own": st.just("{{ image }}")}),
        "inject": st.booleans(),
        "wait": st.fixed_dictionaries({}, optional={"timeout": st.just("5m"), "for": st.just("applied")}),
    },
)
projects = st.fixed_dictionaries(
    {
        "service": st.just(["web", "db"])
        | st.fixed_dictionaries({"web": settings_of_a_service, "db": st.none() | settings_of_a_service})
        | st.builds(lambda web: ["db", {"web": web}], settings_of_a_service),
        "vars": st.just({"tag": 1, "image": "web:{{ tag }}"}) | st.just({"tag": None, "image": ["{{ tag }}", True]}),
    },
    optional={
        "namespace": st.just("dev-{{ user }}"),
        "must_deps": declared | st.none(),
        "skip_inject_service": declared,
        "service_group": st.just({"a": ["web"], "b": ["@a", "db"], "c": None}),
        "enable": st.fixed_dictionaries({}, optional={"service": declared}),
        "istio": st.fixed_dictionaries({}, optional={"inject": st.booleans(), "revision": st.just("1-29")}),
        "ttl": st.just("72h"),
        "templates": st.just(["templates", "more"]),
    },
)


@given(projects)
def test_what_config_view_shows_loads_to_the_same(file: dict[str, Any]) -> None:
    """`effective` is a project file that needs no layers and no environment."""
    first = loaded(file, [])
    assert first
    second = loaded(dict(first.effective), [])
    assert second
    assert second.effective == first.effective
    assert second.vars == first.vars
    assert _told(second) == _told(first)


def _told(config: Config) -> list[Any]:
    return [
        (name, service.vars, service.needs, service.inject, service.wait, service.groups)
        for name, service in config.services.items()
    ]
