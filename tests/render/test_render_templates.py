"""Which files are templates, what they see, and what they may take in."""

from __future__ import annotations

import marshal
from pathlib import Path
from typing import Any

import pytest
from rendering import config_map, problems, rendered

from meshctl import cache
from meshctl.errors import Caution, Where
from meshctl.manifest import Bundle


def data(bundle: Bundle, service: str = "web") -> Any:
    (manifest,) = bundle.of(service)
    return manifest.body["data"]


class TestFiles:
    def test_yaml_and_yml_with_and_without_j2_and_below_folders(self, tmp_path: Path) -> None:
        names = ("a.yaml", "b.yaml.j2", "c.yml", "d.yml.j2", "sub/e.yaml")
        files = {f"templates/web/{name}": config_map(f"map-{place}") for place, name in enumerate(names)}
        bundle = rendered(tmp_path, {**files, "templates/web/README.md": "no: [yaml"})
        assert [manifest.file for manifest in bundle] == [
            "web/a.yaml", "web/b.yaml", "web/c.yml", "web/d.yml", "web/sub/e.yaml",
        ]  # fmt: skip

    def test_partials_and_hidden_files_are_no_templates(self, tmp_path: Path) -> None:
        names = ("_part.yaml", "_parts/a.yaml", ".hidden.yaml", ".git/a.yaml")
        files = {f"templates/web/{name}": "{{ undefined }}" for name in names}
        bundle = rendered(tmp_path, {**files, "templates/web/a.yaml": config_map()})
        assert [manifest.file for manifest in bundle] == ["web/a.yaml"]

    def test_the_first_folder_of_the_search_path_wins_file_by_file(self, tmp_path: Path) -> None:
        files = {
            "configs/dev.yaml": "templates: [./mine, ./shared]\nservice: [web]\n",
            "mine/web/a.yaml": config_map("a", said="mine"),
            "shared/web/a.yaml": config_map("a", said="shared"),
            "shared/web/b.yaml": config_map("b", said="shared"),
        }
        bundle = rendered(tmp_path, files)
        assert {manifest.ref.name: manifest.body["data"]["said"] for manifest in bundle} == {"a": "mine", "b": "shared"}

    def test_services_share_a_folder_of_templates(self, tmp_path: Path) -> None:
        files = {
            "configs/dev.yaml": "service: {a: {template: bus}, b: {template: bus}}\n",
            "templates/bus/cm.yaml": config_map("{{ service.name }}"),
        }
        assert [manifest.file for manifest in rendered(tmp_path, files)] == ["a/cm.yaml", "b/cm.yaml"]

    def test_two_templates_for_one_file_are_refused(self, tmp_path: Path) -> None:
        files = {"templates/web/a.yaml": config_map(), "templates/web/a.yaml.j2": config_map()}
        assert problems(tmp_path, files) == [
            "MSH101 web/a.yaml and web/a.yaml.j2 both render to web/a.yaml (keep one of the two)"
        ]

    def test_a_service_without_templates_is_told_with_the_nearest_folder(self, tmp_path: Path) -> None:
        files = {"configs/dev.yaml": "service: [web, webs]\n", "templates/web/a.yaml": config_map()}
        assert problems(tmp_path, files) == [
            (
                "MSH109 configs/dev.yaml:1:16: service webs has no templates: there is no *.yaml or *.yaml.j2 in "
                "templates/webs (did you mean web?)"
            )
        ]

    def test_an_empty_render_leaves_the_service_without_objects(self, tmp_path: Path) -> None:
        bundle = rendered(tmp_path, {"templates/web/a.yaml": "{% if false %}\na: b\n{% endif %}\n---\n# nothing\n"})
        assert bundle.services == {"web": ()}

    def test_the_namespaces_own_templates_come_first(self, tmp_path: Path) -> None:
        files = {"templates/web/a.yaml": config_map(), "templates/_namespace/quota.yaml": config_map("quota")}
        bundle = rendered(tmp_path, files)
        assert list(bundle.services) == ["_namespace", "web"]
        assert bundle.of("_namespace")[0].body["metadata"]["labels"]["meshctl.dev/service"] == "meshctl.namespace"


class TestVariables:
    def test_vars_keep_their_types_and_a_services_own_come_over_the_projects(self, tmp_path: Path) -> None:
        files = {
            "configs/dev.yaml": "vars: {flag: false, count: 1, tag: v1}\nservice: {web: {vars: {tag: v2}}}\n",
            "templates/web/a.yaml": config_map(all="'{{ [flag, count, tag] | tojson }}'"),
        }
        assert data(rendered(tmp_path, files)) == {"all": '[false, 1, "v2"]'}

    def test_what_is_no_text_is_written_as_yaml_reads_it_back(self, tmp_path: Path) -> None:
        files = {
            "configs/dev.yaml": (
                "vars: {flag: false, nothing: null, list: [true, 'on', null], map: {a: it's}}\nservice: [web]\n"
            ),
            "templates/web/a.yaml": config_map(
                flag="{{ flag }}",
                text="'--debug={{ flag }}'",
                nothing="{{ nothing }}",
                all="{{ [list, map] }}",
            ),
        }
        assert data(rendered(tmp_path, files)) == {
            "flag": False,
            "text": "--debug=false",
            "nothing": None,
            "all": [[True, "on", None], {"a": "it's"}],
        }

    def test_ours(self, tmp_path: Path) -> None:
        files = {
            "configs/dev.yaml": (
                "project: shop\nnamespace: dev-anna\nhigh_priority_deps: [web]\nskip_inject_service: [web]\n"
                "service: {web: {needs: [db]}, db: {}}\nservice_group: {front: [web]}\n"
            ),
            "templates/web/a.yaml": config_map(
                service="'{{ service | tojson }}'",
                rest="{{ namespace }} {{ project }} {{ env.STAGE }}",
                same="{{ meshctl.service == service and meshctl.namespace == namespace }}",
            ),
            "templates/db/a.yaml": config_map("db", tier="{{ service.tier }}"),
        }
        bundle = rendered(tmp_path, files, STAGE="blue")
        assert data(bundle) == {
            "service": '{"name": "web", "groups": ["front"], "tier": "high", "needs": ["db"], "inject": false}',
            "rest": "dev-anna shop blue",
            "same": True,
        }
        assert data(bundle, "db") == {"tier": "high"}

    def test_a_var_hides_ours_with_a_warning(self, tmp_path: Path) -> None:
        files = {
            "configs/dev.yaml": (
                "project: shop\nnamespace: dev-anna\nvars:\n  project: mine\n  namespace: dev-anna\nservice: [web]\n"
            ),
            "templates/web/a.yaml": config_map(both="{{ project }} {{ meshctl.project }}"),
        }
        bundle = rendered(tmp_path, files)
        assert data(bundle) == {"both": "mine shop"}
        assert bundle.warnings == (
            Caution(
                "MSH110",
                "the var project hides meshctl's own project in templates",
                Where("configs/dev.yaml", 4, 12),
                "templates find meshctl's as meshctl.project",
            ),
        )


class TestTakenIn:
    def test_partials_beside_in_the_library_and_from_the_top(self, tmp_path: Path) -> None:
        files = {
            "templates/web/sub/a.yaml": (
                '{% import "lib.j2" as lib %}{% include "_head.yaml" %}\ndata:\n  lib: {{ lib.twice("x") }}\n'
                '  top: {% include "other/_part.j2" %}\n  up: {% include "../_up.j2" %}\n'
            ),
            "templates/web/_head.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}",
            "templates/web/_up.j2": "up",
            "templates/_lib/lib.j2": "{% macro twice(text) %}{{ text }}{{ text }}{% endmacro %}",
            "templates/other/_part.j2": "{{ service.name }}",
        }
        assert data(rendered(tmp_path, files)) == {"lib": "xx", "top": "web", "up": "up"}

    def test_what_is_beside_comes_before_the_library(self, tmp_path: Path) -> None:
        files = {
            "templates/web/a.yaml": config_map(said='{% include "_part.j2" %}'),
            "templates/web/_part.j2": "beside",
            "templates/_lib/_part.j2": "library",
        }
        assert data(rendered(tmp_path, files)) == {"said": "beside"}

    def test_file_gives_a_file_of_the_project(self, tmp_path: Path) -> None:
        files = {
            "templates/web/a.yaml": config_map(text='{{ file("files/motd.txt") | tojson }}'),
            "files/motd.txt": "Hello\n{{ raw }}\n",
        }
        assert data(rendered(tmp_path, files)) == {"text": "Hello\n{{ raw }}\n"}

    def test_a_link_inside_of_the_project_is_followed(self, tmp_path: Path) -> None:
        (tmp_path / "templates").mkdir()
        (tmp_path / "templates/web").symlink_to(tmp_path / "elsewhere")
        assert len(rendered(tmp_path, {"elsewhere/a.yaml": config_map()})) == 1

    def test_a_link_that_leads_up_ends_somewhere(self, tmp_path: Path) -> None:
        (tmp_path / "templates/web/_loop").mkdir(parents=True)
        (tmp_path / "templates/web/_loop/again").symlink_to(tmp_path / "templates/web")
        assert len(rendered(tmp_path, {"templates/web/a.yaml": config_map()})) == 1


class TestLeavingTheProject:
    @pytest.mark.parametrize("name", ["../../../secret", "/etc/passwd"])
    def test_by_include(self, tmp_path: Path, name: str) -> None:
        assert problems(tmp_path, {"templates/web/a.yaml": f'# here\n{{% include "{name}" %}}\n'}) == [
            (
                f"MSH104 templates/web/a.yaml:2: {name} leads out of the project "
                "(templates take in only what is in the project)"
            )
        ]

    @pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "files/link"])
    def test_by_file(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "files").mkdir()
        (tmp_path / "files/link").symlink_to("/etc/passwd")
        (problem,) = problems(tmp_path, {"templates/web/a.yaml": f'a: {{{{ file("{name}") }}}}\n'})
        assert problem.startswith(f"MSH104 templates/web/a.yaml:1: {name} leads out of the project")

    def test_by_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "templates/web").mkdir(parents=True)
        (tmp_path / "templates/web/a.yaml").symlink_to("/etc/passwd")
        (problem,) = problems(tmp_path, {})
        assert problem.startswith("MSH104 templates/web/a.yaml: templates/web/a.yaml leads out of the project")

    def test_by_a_link_to_a_folder(self, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "a.yaml").write_text(config_map())
        root = tmp_path / "project"
        (root / "templates").mkdir(parents=True)
        (root / "templates/web").symlink_to(outside)
        (problem,) = problems(root, {})
        assert problem.startswith("MSH104 templates/web/a.yaml: templates/web/a.yaml leads out of the project")


class TestBytecode:
    def test_a_changed_template_is_compiled_anew(self, tmp_path: Path) -> None:
        for said in ("one", "two", "one"):
            assert data(rendered(tmp_path, {"templates/web/a.yaml": config_map(said=said)})) == {"said": said}

    def test_what_is_compiled_is_compiled_once(self, tmp_path: Path) -> None:
        """Seen by what a foreign hand has put into the cache under a template's name."""
        rendered(tmp_path, {"templates/web/a.yaml": config_map("a"), "templates/web/b.yaml": config_map("b")})
        (file,) = (tmp_path / ".cache").glob("templates-*/*")
        kept = marshal.loads(cache.read_sealed(file) or b"")  # noqa: S302 - written by us
        kept["web/b.yaml"] = (kept["web/b.yaml"][0], kept["web/a.yaml"][1])
        cache.write_sealed(file, marshal.dumps(kept))
        (tmp_path / "templates/web/a.yaml").unlink()
        assert [manifest.ref.name for manifest in rendered(tmp_path, {})] == ["a"]

    def test_what_is_no_template_any_more_is_not_kept(self, tmp_path: Path) -> None:
        files = {"templates/web/a.yaml": config_map("a"), "templates/web/b.yaml": config_map("b")}
        rendered(tmp_path, files)
        (tmp_path / "templates/web/a.yaml").unlink()
        rendered(tmp_path, {"templates/web/b.yaml": config_map("b", said="more")})
        (file,) = (tmp_path / ".cache").glob("templates-*/*")
        kept = marshal.loads(cache.read_sealed(file) or b"")  # noqa: S302 - written by us
        assert [*kept] == ["web/b.yaml"]

    def test_a_broken_cache_costs_nothing_but_time(self, tmp_path: Path) -> None:
        files = {"templates/web/a.yaml": config_map(said="one")}
        rendered(tmp_path, files)
        for entry in (tmp_path / ".cache").rglob("*"):
            if entry.is_file():
                entry.write_bytes(entry.read_bytes()[:60])
        assert data(rendered(tmp_path, files)) == {"said": "one"}

    def test_a_cache_that_others_can_write_is_not_read(self, tmp_path: Path) -> None:
        files = {"templates/web/a.yaml": config_map(said="one")}
        rendered(tmp_path, files)
        (folder,) = (tmp_path / ".cache").glob("templates-*")
        before = {entry: entry.stat().st_mtime_ns for entry in folder.iterdir()}
        folder.chmod(0o777)
        assert data(rendered(tmp_path, {"templates/web/a.yaml": config_map(said="two")})) == {"said": "two"}
        assert {entry: entry.stat().st_mtime_ns for entry in folder.iterdir()} == before
