"""Commands that need no cluster, on a real project: their documents are contracts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from calling import CONFIG, Meshctl, write_project

from meshctl import yamlio


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("project")
def test_list_services(meshctl: Meshctl) -> None:
    code, out, err = meshctl("list", "services")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "NAME       TIER   GROUPS         NEEDS",
        "postgres   high   storage,site   <none>",
        "cache      rest   storage,site   <none>",
        "web        rest   site           postgres,cache",
    ]
    assert meshctl("list", "services", "-o", "name").out.split() == ["postgres", "cache", "web"]
    assert json.loads(meshctl("list", "services", "-o", "json").out) == {
        "meshctl": 1,
        "services": [
            {"name": name, "tier": tier, "groups": groups, "needs": needs, "inject": True, "template": name}
            for name, tier, groups, needs in [
                ("cache", "rest", ["storage", "site"], []),
                ("postgres", "high", ["storage", "site"], []),
                ("web", "rest", ["site"], ["postgres", "cache"]),
            ]
        ],
    }


@pytest.mark.usefixtures("project")
def test_list_groups(meshctl: Meshctl) -> None:
    assert json.loads(meshctl("list", "groups", "-o", "json").out) == {
        "meshctl": 1,
        "groups": [
            {"name": "site", "services": ["postgres", "cache", "web"], "members": ["@storage", "web"]},
            {"name": "storage", "services": ["postgres", "cache"], "members": ["postgres", "cache"]},
        ],
    }


def test_list_environments(meshctl: Meshctl, project: Path) -> None:
    (project / "configs" / "staging.yaml").write_text("service: [web]\n")
    (project / "configs" / "dev.local.yaml").write_text("{}\n")
    assert json.loads(meshctl("list", "envs", "-o", "json").out) == {
        "meshctl": 1,
        "envs": [{"name": "dev", "current": True}, {"name": "staging", "current": False}],
    }
    assert meshctl("list", "envs", "-e", "staging").out.splitlines()[2].split() == ["staging", "yes"]
    assert meshctl("list", "envs", "-e", "stagng").code == 2
    (project / "configs" / "dev.yaml").rename(project / "configs" / "prod.yaml")
    assert meshctl("list", "envs").out.splitlines()[1:] == ["prod      no", "staging   no"]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("what", ["services", "groups", "envs"])
def test_yaml_says_what_json_says(meshctl: Meshctl, what: str) -> None:
    as_yaml = yaml.safe_load(meshctl("list", what, "-o", "yaml").out)
    assert as_yaml == json.loads(meshctl("list", what, "-o", "json").out)


def test_config_view_is_a_config_that_gives_itself(meshctl: Meshctl, project: Path) -> None:
    shown = meshctl("config", "view", "--set", "vars.tag=v2", "--set-string", "vars.replicas=3")
    assert (shown.code, shown.err) == (0, "")
    assert yamlio.load(shown.out, "shown").value["vars"] == {"tag": "v2", "replicas": "3"}
    (project / "configs" / "again.yaml").write_text(shown.out)
    assert meshctl("config", "view", "-e", "again").out == shown.out
    document = json.loads(meshctl("config", "view", "-e", "again", "-o", "json").out)
    assert (document["meshctl"], document["project"]) == (1, "shop")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("--set vars.tag=a --set-string vars.tag=b", "b"),
        ("--set-string vars.tag=b --set vars.tag=a", "a"),
        ("--set vars.tag=a --set-string vars.tag=b --set vars.tag=c", "c"),
        ("--set=vars.tag=a=b", "a=b"),
    ],
)
def test_the_last_assignment_wins_whatever_its_kind(meshctl: Meshctl, typed: str, tag: str) -> None:
    before, after = meshctl(*typed.split(), "config", "view"), meshctl("config", "view", *typed.split())
    assert before == after
    assert yamlio.load(after.out, "shown").value["vars"]["tag"] == tag


def test_every_global_option_is_also_a_variable(
    meshctl: Meshctl, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "configs" / "staging.yaml").write_text(CONFIG.replace("v1", "staged"))
    monkeypatch.chdir("/")
    variables = {
        "DIRECTORY": str(tmp_path), "ENV": "staging", "NAMESPACE": "dev-bob", "OUTPUT": "json",
        "SET": "vars.tag=x\nvars.note=two words", "SET_STRING": "vars.replicas=7",
    }  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(f"MESHCTL_{name}", value)
    shown = json.loads(meshctl("config", "view").out)
    assert shown["namespace"] == "dev-bob"
    assert shown["vars"] == {"tag": "x", "note": "two words", "replicas": "7"}
    assert json.loads(meshctl("config", "view", "--set", "vars.tag=z", "-e", "dev").out)["vars"]["tag"] == "z"
    monkeypatch.setenv("MESHCTL_OUTPUT", "wide")
    assert meshctl("config", "view").out.startswith("project: ")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("typed", ["--set vars.tag", "--set =x", "--set vras.tag=1"])
def test_an_assignment_that_is_none_is_refused(meshctl: Meshctl, typed: str) -> None:
    assert meshctl("config", "view", *typed.split()).code == 2


@pytest.mark.usefixtures("project")
def test_origins_name_the_place_of_each_value(meshctl: Meshctl) -> None:
    document = json.loads(meshctl("config", "origins", "vars", "--set", "vars.tag=v2", "-o", "json").out)
    assert document["meshctl"] == 1
    tags = [entry for entry in document["origins"] if entry["path"] == "vars.tag"]
    assert [(entry["value"], entry["file"], entry["line"], entry["inForce"]) for entry in tags] == [
        ("v1", "configs/dev.yaml", 4, False),
        ("v2", "--set vars.tag=v2", 0, True),
    ]
    table = meshctl("config", "origins", "vars.replicas").out.splitlines()
    assert table[0].split() == ["PATH", "VALUE", "LAYER", "WHERE", "IN-FORCE"]
    assert table[1].split()[0::3] == ["vars.replicas", "configs/dev.yaml:5"]
    refused = meshctl("config", "origins", "vars.tga")
    assert refused.code == 2
    assert "did you mean vars.tag?" in refused.err


@pytest.mark.usefixtures("project")
def test_graph(meshctl: Meshctl) -> None:
    document = json.loads(meshctl("graph", "web", "-o", "json").out)
    assert document["order"] == ["postgres", "cache", "web"]
    assert document["nodes"][2] == {"name": "web", "tier": "rest", "groups": ["site"]}
    assert {"from": "web", "to": "cache", "kind": "needs"} in document["edges"]
    assert json.loads(meshctl("graph", "web", "--no-needs", "-o", "json").out)["order"] == ["postgres", "web"]
    assert json.loads(meshctl("graph", "--needs-of", "cache", "-o", "json").out)["order"] == ["cache"]
    assert meshctl("graph", "-o", "dot").out.startswith("digraph")
    assert meshctl("graph", "-o", "mermaid").out.startswith("flowchart")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("typed", "hint"),
    [("wbe", "did you mean web?"), ("-g sites", "did you mean site?"), ("--all web", "leave one of them out")],
)
def test_a_wrong_selection_names_the_nearest(meshctl: Meshctl, typed: str, hint: str) -> None:
    code, _, err = meshctl("graph", *typed.split())
    assert code == 2
    assert hint in err


def test_gen_writes_tells_and_checks(meshctl: Meshctl, project: Path) -> None:
    files = [f"output/{name}/config.yaml" for name in ("postgres", "cache", "web")]
    assert meshctl("gen", "--check").code == 4
    code, out, err = meshctl("gen")
    assert (code, sorted(out.split())) == (0, sorted(["created"] * 3 + files))
    assert err == "3 files in output: 3 created\n"
    assert all((project / file).exists() for file in files)
    assert meshctl("gen") == (0, "", "3 files in output: 3 unchanged\n")
    assert meshctl("gen", "--check") == (0, "", "")

    (project / files[2]).write_text("changed: by hand\n")
    assert meshctl("gen", "--check") == (4, f"out of date: {files[2]}\n", "")
    assert meshctl("gen", "--check", "-o", "name").out == f"{files[2]}\n"
    assert (project / files[2]).read_text() == "changed: by hand\n"
    document = json.loads(meshctl("gen", "-o", "json", "-q").out)
    assert (document["meshctl"], document["updated"], document["created"]) == (1, [files[2]], [])


def test_gen_elsewhere_and_as_a_stream(meshctl: Meshctl, project: Path) -> None:
    assert meshctl("gen", "web", "--output-path", "elsewhere", "-q").code == 0
    assert (project / "elsewhere" / "web" / "config.yaml").exists()
    code, out, err = meshctl("gen", "web", "--stdout", "--no-needs", "--set", "vars.tag=v9")
    assert (code, err) == (0, "")
    objects = list(yaml.safe_load_all(out))
    assert [each["metadata"]["name"] for each in objects] == ["postgres", "web"]
    assert objects[1]["data"] == {"tag": "v9", "replicas": "3"}
    assert not (project / "output").exists()
    assert meshctl("gen", "--stdout", "--check").code == 2


def test_a_fault_of_a_template_has_its_line(meshctl: Meshctl, project: Path) -> None:
    (project / "templates" / "web" / "config.yaml.j2").write_text("apiVersion: v1\nkind: {{ knid }}\n")
    code, out, err = meshctl("gen")
    assert (code, out) == (2, "")
    assert err.startswith("templates/web/config.yaml.j2:2")
    assert "knid" in err


def test_init_makes_a_project_that_renders(meshctl: Meshctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = meshctl("init", "fresh")
    assert code == 0
    assert "created fresh/configs/dev.yaml" in out.splitlines()
    assert "cd fresh && meshctl sandbox up && meshctl start" in err
    assert meshctl("-C", "fresh", "gen", "--stdout").code == 0
    written = json.loads(meshctl("init", "other", "-o", "json").out)
    assert (written["meshctl"], len(written["created"])) == (1, len(out.splitlines()))
    again = meshctl("init", "fresh")
    assert again.code == 2
    assert "would be overwritten" in again.err


@pytest.mark.usefixtures("project")
def test_stop_with_nothing_named_wants_a_word(meshctl: Meshctl) -> None:
    code, out, err = meshctl("stop")
    assert (code, out) == (3, "")
    assert "--all or --yes" in err


@pytest.mark.usefixtures("project")
def test_a_dry_run_of_the_client_needs_no_cluster(meshctl: Meshctl) -> None:
    code, out, err = meshctl("start", "web", "--dry-run", "client", "-o", "json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert (lines[0]["type"], lines[0]["services"]) == ("planned", ["postgres", "cache", "web"])
    assert lines[-1]["type"] == "finished"
    assert {line["service"] for line in lines if line["type"] == "applied"} == {"postgres", "cache", "web"}


def test_a_dry_run_has_the_order_of_kinds_and_not_of_files(meshctl: Meshctl, project: Path) -> None:
    (project / "templates" / "web" / "a.yaml").write_text(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {matchLabels: {app: a}},"
        " template: {metadata: {labels: {app: a}}, spec: {containers: [{name: a, image: 'a:v1'}]}}}}\n"
        "---\n{apiVersion: v1, kind: ServiceAccount, metadata: {name: a}}\n"
    )
    out = meshctl("start", "web", "--no-needs", "--dry-run", "client", "-o", "json").out
    applied = [line for line in map(json.loads, out.splitlines()) if line["type"] == "applied"]
    kinds = [line["object"]["kind"] for line in applied if line["service"] == "web"]
    assert kinds == ["ServiceAccount", "ConfigMap", "Deployment"]


def test_config_schema_needs_no_project(meshctl: Meshctl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    schema = json.loads(meshctl("config", "schema").out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert yaml.safe_load(meshctl("config", "schema", "-o", "yaml").out) == schema
