"""gen's folder: what is written, what goes, what is never touched, and what --check tells."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from rendering import config_map, plan_of, rendered, write

from meshctl import render
from meshctl.errors import GuardError, MeshctlError, UsageError
from meshctl.render import Changes

GOLDEN = Path(__file__).parents[1] / "golden" / "gen"
PROJECT = {
    "configs/dev.yaml": "project: shop\nnamespace: dev-anna\nservice: {web: {needs: [db]}, db: {}, job: {}}\n",
    "templates/web/a.yaml": config_map("web") + "---\n" + config_map("web-more"),
    "templates/web/sub/b.yaml.j2": config_map("web-b"),
    "templates/db/a.yaml": config_map("db", said="'1e3'", also="true", text='"two\\nlines\\n"'),
    "templates/job/a.yaml": "{% if false %}" + config_map("job") + "{% endif %}",
    "templates/_namespace/a.yaml": config_map("quota"),
}
FILES = ("_namespace/a.yaml", "db/a.yaml", "web/a.yaml", "web/sub/b.yaml")


def gen(root: Path, *names: str, check: bool = False, folder: str = "output", **files: str) -> Changes:
    bundle = rendered(root, {path.replace("__", "/"): text for path, text in files.items()}, *names)
    return (render.check if check else render.write)(bundle, plan_of(root, *names), root / folder)


def there(root: Path, folder: str = "output") -> list[str]:
    """The files, but for the record."""
    found = (path for path in (root / folder).rglob("*") if path.is_file() and path.name != ".meshctl.json")
    return sorted(path.relative_to(root / folder).as_posix() for path in found)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, PROJECT)
    return tmp_path


class TestWriting:
    def test_a_file_for_each_template_that_renders_to_something(self, root: Path) -> None:
        changes = gen(root)
        assert changes == Changes(created=FILES)
        assert there(root) == list(FILES)

    def test_golden(self, root: Path) -> None:
        gen(root)
        for file in (*FILES, ".meshctl.json"):
            written = (root / "output" / file).read_text(encoding="utf-8")
            if os.environ.get("UPDATE_GOLDEN"):
                (GOLDEN / file).parent.mkdir(parents=True, exist_ok=True)
                (GOLDEN / file).write_text(written, encoding="utf-8")
            assert written == (GOLDEN / file).read_text(encoding="utf-8")

    def test_what_is_right_is_not_touched(self, root: Path) -> None:
        gen(root)
        before = {path: path.stat().st_ino for path in (root / "output").rglob("*")}
        assert gen(root) == Changes(unchanged=FILES)
        assert {path: path.stat().st_ino for path in (root / "output").rglob("*")} == before

    def test_a_file_that_somebody_changed_is_written_anew(self, root: Path) -> None:
        gen(root)
        (root / "output/db/a.yaml").write_text("mine\n")
        assert gen(root).updated == ("db/a.yaml",)

    def test_a_reader_sees_whole_files(self, root: Path) -> None:
        """Another name for the old file still has the old content: it was replaced, not written into."""
        gen(root)
        os.link(root / "output/db/a.yaml", root / "before")
        old = (root / "before").read_text()
        write(root, {"templates/db/a.yaml": config_map("db", said="new")})
        gen(root)
        assert (root / "before").read_text() == old
        assert "new" in (root / "output/db/a.yaml").read_text()

    def test_stream_has_all_objects_in_the_order_of_their_turn(self, root: Path) -> None:
        text = render.stream(rendered(root, {}))
        names = [line.removeprefix("  name: ") for line in text.splitlines() if line.startswith("  name: ")]
        assert names == ["quota", "db", "web", "web-b", "web-more"]


class TestRemoving:
    def test_a_template_that_is_gone_takes_its_file_and_empty_folders_along(self, root: Path) -> None:
        gen(root)
        (root / "templates/web/sub/b.yaml.j2").unlink()
        assert gen(root).removed == ("web/sub/b.yaml",)
        assert not (root / "output/web/sub").exists()

    def test_a_template_that_renders_to_nothing_does(self, root: Path) -> None:
        gen(root)
        write(root, {"templates/web/a.yaml": "# nothing\n"})
        assert gen(root).removed == ("web/a.yaml",)

    def test_a_service_that_was_not_selected_keeps_its_files(self, root: Path) -> None:
        gen(root)
        (root / "templates/web/sub/b.yaml.j2").unlink()
        assert gen(root, "db").removed == ()
        assert there(root) == list(FILES)
        assert gen(root, "web").removed == ("web/sub/b.yaml",)

    def test_a_service_that_is_no_longer_declared_goes_with_any_selection(self, root: Path) -> None:
        gen(root)
        write(root, {"configs/dev.yaml": "project: shop\nnamespace: dev-anna\nservice: {db: {}, job: {}}\n"})
        assert gen(root, "db").removed == ("web/a.yaml", "web/sub/b.yaml")

    def test_the_namespaces_own_files_go_with_any_selection(self, root: Path) -> None:
        gen(root)
        (root / "templates/_namespace/a.yaml").unlink()
        assert gen(root, "db").removed == ("_namespace/a.yaml",)

    def test_a_file_of_somebody_else_stays(self, root: Path) -> None:
        write(root, {"output/web/mine.yaml": "mine", "output/README.md": "mine"})
        gen(root)
        (root / "templates/web/sub/b.yaml.j2").unlink()
        gen(root)
        assert {"web/mine.yaml", "README.md"} <= set(there(root))

    def test_files_of_another_environment_stay(self, root: Path) -> None:
        gen(root)
        write(root, {"configs/staging.yaml": "extends: dev.yaml\n"})
        bundle, plan = rendered(root, {}, "db"), plan_of(root, "db")
        object.__setattr__(plan.config, "environment", "staging")
        write(root, {"templates/web/a.yaml": "# nothing\n"})
        assert render.write(bundle, plan, root / "output").removed == ()
        assert gen(root).removed == ("web/a.yaml",)

    def test_a_file_that_was_removed_by_hand_is_no_trouble(self, root: Path) -> None:
        gen(root)
        (root / "output/web/sub/b.yaml").unlink()
        (root / "templates/web/sub/b.yaml.j2").unlink()
        assert gen(root) == Changes(unchanged=FILES[:3])
        assert "sub" not in (root / "output/.meshctl.json").read_text()


class TestCheck:
    def test_missing_differing_and_surplus_files_are_told_and_nothing_is_written(self, root: Path) -> None:
        assert gen(root, check=True).out_of_date == FILES
        assert not (root / "output").exists()
        gen(root)
        (root / "output/db/a.yaml").write_text("mine\n")
        (root / "output/web/a.yaml").unlink()
        (root / "templates/web/sub/b.yaml.j2").unlink()
        before = {path: path.read_bytes() for path in (root / "output").rglob("*") if path.is_file()}
        changes = gen(root, check=True)
        assert (changes.created, changes.updated, changes.removed) == (
            ("web/a.yaml",), ("db/a.yaml",), ("web/sub/b.yaml",),
        )  # fmt: skip
        assert {path: path.read_bytes() for path in (root / "output").rglob("*") if path.is_file()} == before

    def test_up_to_date(self, root: Path) -> None:
        gen(root)
        assert gen(root, check=True).out_of_date == ()


class TestRefused:
    def test_a_file_of_another_project(self, root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
        gen(root)
        other = tmp_path_factory.mktemp("other")
        write(other, {"configs/dev.yaml": "project: bank\nservice: [db]\n", "templates/db/a.yaml": config_map("db")})
        with pytest.raises(GuardError, match=r"output/db/a.yaml belongs to project shop \(write elsewhere"):
            render.write(rendered(other, {}), plan_of(other), root / "output")

    def test_two_projects_share_a_folder(self, root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
        gen(root)
        other = tmp_path_factory.mktemp("other")
        write(other, {"configs/dev.yaml": "project: bank\nservice: [safe]\n", "templates/safe/a.yaml": config_map("s")})
        assert render.write(rendered(other, {}), plan_of(other), root / "output").removed == ()
        assert there(root) == sorted([*FILES, "safe/a.yaml"])

    def test_a_link_that_leads_out(self, root: Path) -> None:
        (root / "output").mkdir()
        (root / "elsewhere").mkdir()
        (root / "output/web").symlink_to(root / "elsewhere")
        with pytest.raises(MeshctlError, match="output/web is a link that leads out of the output folder") as caught:
            gen(root, "web")
        assert caught.value.exit_code == 3
        assert list((root / "elsewhere").iterdir()) == []

    def test_the_templates_themselves(self, root: Path) -> None:
        before = (root / "templates/db/a.yaml").read_text()
        with pytest.raises(MeshctlError, match="templates/db has templates, which gen would overwrite") as caught:
            gen(root, "db", folder="templates")
        assert caught.value.exit_code == 3
        assert (root / "templates/db/a.yaml").read_text() == before

    @pytest.mark.parametrize(
        "text",
        ["{", '{"meshctl": 2, "written": []}', '{"meshctl": 1}', "[]"],
    )
    def test_a_record_that_is_none(self, root: Path, text: str) -> None:
        write(root, {"output/.meshctl.json": text})
        with pytest.raises(UsageError, match=r"\.meshctl\.json is no record of gen's files"):
            gen(root)

    @pytest.mark.parametrize("file", ["../victim", "/victim", "web/../../victim"])
    def test_a_record_that_points_elsewhere(self, root: Path, file: str) -> None:
        entry = {"project": "shop", "environment": "dev", "services": {"web": [file]}}
        write(root, {"victim": "", "output/.meshctl.json": json.dumps({"meshctl": 1, "written": [entry]})})
        with pytest.raises(UsageError):
            gen(root)
        assert (root / "victim").exists()

    @pytest.fixture
    def full_disk(self, root: Path) -> Iterator[Path]:
        """A device that takes no byte stands for a full disk."""
        (root / "output/db").mkdir(parents=True)
        (root / f"output/db/.a.yaml.{os.getpid()}.tmp").symlink_to("/dev/full")
        return root

    def test_a_full_disk_is_told_and_leaves_the_old_file(self, full_disk: Path) -> None:
        write(full_disk, {"output/db/a.yaml": "old\n"})
        with pytest.raises(MeshctlError, match=r"cannot write .*output/db/a.yaml: No space left on device"):
            gen(full_disk, "db")
        assert (full_disk / "output/db/a.yaml").read_text() == "old\n"

    def test_a_file_where_a_folder_should_be(self, root: Path) -> None:
        write(root, {"output": "a file"})
        with pytest.raises(UsageError, match=r"cannot write .*output"):
            gen(root)

    def test_a_name_that_no_folder_can_have(self, root: Path) -> None:
        with pytest.raises(UsageError, match="File name too long"):
            gen(root, folder="x" * 300)

    def test_the_root_of_all_files_is_a_folder_too(self, root: Path) -> None:
        assert "web/a.yaml" in gen(root, folder="/", check=True).created
