"""What is kept of a rendering is used when nothing has changed, and never when something has."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

import pytest
from rendering import config_map, problems, rendered

from meshctl.manifest import Bundle

FILES = {
    "configs/dev.yaml": "project: shop\nnamespace: dev-anna\nvars: {tag: v1}\nservice: [web]\n",
    "templates/_lib/_says.j2": "{% include '_word.j2' %}",
    "templates/_lib/_word.j2": "hello",
    "templates/_lib/macros.j2": "{% macro tag() %}{% include '_word.j2' %}-{% endmacro %}",
    "templates/web/a.yaml": (
        "{% import 'macros.j2' as macros %}"
        + config_map(
            includes="{% include '_says.j2' %}",
            imports="{{ macros.tag() }}",
            file="{{ file('words.txt') }}",
            tag="{{ tag }}",
            home="{{ env.PLACE | default('none') }}",
        )
    ),
    "words.txt": "words",
}


def data(bundle: Bundle) -> Mapping[str, str]:
    (manifest,) = bundle
    return manifest.body["data"]  # type: ignore[no-any-return]


FIRST = {"includes": "hello", "imports": "hello-", "file": "words", "tag": "v1", "home": "none"}


@pytest.mark.parametrize(
    ("files", "environ", "changed"),
    [
        ({}, {}, {}),
        ({"templates/_lib/_word.j2": "bye"}, {}, {"includes": "bye", "imports": "bye-"}),
        ({"templates/web/_says.j2": "mine"}, {}, {"includes": "mine"}),
        ({"words.txt": "others"}, {}, {"file": "others"}),
        ({"configs/dev.yaml": FILES["configs/dev.yaml"].replace("v1", "v2")}, {}, {"tag": "v2"}),
        ({}, {"PLACE": "here"}, {"home": "here"}),
        ({"templates/web/a.yaml": config_map(tag="v1")}, {}, None),
    ],
    ids=["nothing", "a partial of a partial", "a nearer partial", "a file", "a var", "the environment", "the template"],
)
def test_a_change_shows(
    tmp_path: Path, files: Mapping[str, str], environ: Mapping[str, str], changed: Mapping[str, str] | None
) -> None:
    assert data(rendered(tmp_path, FILES)) == FIRST
    again = data(rendered(tmp_path, files, **environ))
    assert again == ({"tag": "v1"} if changed is None else {**FIRST, **changed})
    assert data(rendered(tmp_path, {}, **environ)) == again, "what was kept the second time"


def test_jinja_is_not_imported_when_nothing_has_changed(tmp_path: Path) -> None:
    rendered(tmp_path, FILES)
    program = (
        "import sys; sys.path.insert(0, sys.argv[2]); from pathlib import Path; import rendering;"
        "bundle = rendering.rendered(Path(sys.argv[1]), {}); assert len(bundle) == 1; print('jinja2' in sys.modules)"
    )
    arguments = [sys.executable, "-c", program, str(tmp_path), str(Path(__file__).parent)]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"


def test_a_variable_of_the_environment_that_no_template_sees_changes_nothing(tmp_path: Path) -> None:
    files = {"templates/web/a.yaml": config_map(said="one")}
    rendered(tmp_path, files, PLACE="here")
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / ".cache").rglob("renderings-*/*")}
    rendered(tmp_path, files, PLACE="there")
    assert kept
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / ".cache").rglob("renderings-*/*")} == kept


def test_what_is_said_of_an_object_keeps_its_place(tmp_path: Path) -> None:
    template = "# first\n" + config_map(answer="on")
    for _ in range(2):
        bundle = rendered(tmp_path, {"templates/web/a.yaml": template})
        assert [str(caution.where) for caution in bundle.warnings] == ["templates/web/a.yaml:7:11"]
        assert [str(manifest.where) for manifest in bundle] == ["templates/web/a.yaml:2:1"]


@pytest.mark.parametrize("runs", [1, 2], ids=["rendered", "kept"])
def test_the_places_of_many_objects_cost_as_much_work_as_those_of_two(tmp_path: Path, runs: int) -> None:
    few, many = (_work_for_places(tmp_path / str(count), count, runs) for count in (2, 20))
    assert few == many
    assert few["Folders.source"]


def _work_for_places(project: Path, objects: int, runs: int) -> Counter[str]:
    """How often a text was parsed, and a template read or rendered, for the places in the objects of one template."""
    files = {**FILES, "templates/web/a.yaml": "---\n".join(config_map(f"c{number}") for number in range(objects))}
    for _ in range(runs):
        bundle = rendered(project, files)
    called: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_qualname in ("load_all", "Folders.source", "Template.generate"):
            called[frame.f_code.co_qualname] += 1

    sys.setprofile(count)
    try:
        lines = [manifest.locate(("metadata", "name")).inner.line for manifest in bundle]
    finally:
        sys.setprofile(None)
    assert len({*lines}) == objects
    return called


def test_errors_are_found_again(tmp_path: Path) -> None:
    files = {"templates/web/a.yaml": config_map() + "---\nkind: ConfigMap\nmetadata: {name: b}\n"}
    first = problems(tmp_path, files)
    assert len(first) == 1
    assert problems(tmp_path, {}) == first


def test_a_secret_is_not_kept(tmp_path: Path) -> None:
    secret = config_map(key="hunter2").replace("ConfigMap", "Secret").replace("\ndata:", "\nstringData:")
    item = "- {kind: Secret, apiVersion: v1, metadata: {name: b}, stringData: {a: hunter2}}\n"
    in_a_list = f"kind: List\nitems:\n{item}"
    rendered(tmp_path, {"templates/web/a.yaml": secret, "templates/web/b.yaml": "apiVersion: v1\n" + in_a_list})
    rendered(tmp_path, {"templates/web/c.yaml": config_map("c")})
    kept = [file.read_bytes() for file in (tmp_path / ".cache").rglob("renderings-*/*")]
    assert kept
    assert not any(b"hunter2" in content for content in kept)


def test_what_only_looks_like_the_environment_is_not(tmp_path: Path) -> None:
    macro = "{% macro show(env) %}{{ env.A }}{% endmacro %}"
    template = "{% import '_show.j2' as it %}# env: x\n" + config_map(a="{{ it.show(env={'A': 'one'}) }}")
    files = {"templates/web/_show.j2": macro, "templates/web/a.yaml": template}
    rendered(tmp_path, files, PLACE="here")
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / ".cache").rglob("renderings-*/*")}
    assert data(rendered(tmp_path, {}, PLACE="there")) == {"a": "one"}
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / ".cache").rglob("renderings-*/*")} == kept
