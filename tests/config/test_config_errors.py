"""Everything that is refused: its words, its code and its exact place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Load

from meshctl import __version__, yamlio
from meshctl.errors import ConfigError, MeshctlError, Problems, UsageError

FILE = "configs/dev.yaml"
LABEL = 'has to be a DNS label (a-z, 0-9 and "-", at most 63)'

REFUSED = yamlio.load(Path(__file__).with_name("refused.yaml").read_text(), "refused.yaml").value


def problems(error: MeshctlError) -> tuple[MeshctlError, ...]:
    return error.errors if isinstance(error, Problems) else (error,)


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused(load: Load, case: dict[str, Any]) -> None:
    with pytest.raises(MeshctlError) as caught:
        load(case["file"])
    told = [f"{error.code} {error}".replace(f"{FILE}:", "", 1) for error in problems(caught.value)]
    assert told == [error.replace("VERSION", __version__) for error in case["errors"]]
    assert caught.value.exit_code == 2


def test_the_layer_at_fault_is_named(load: Load) -> None:
    base = {"configs/base.yaml": "service: [web]\nmust_deps: [web]\nservce: 1\n"}
    with pytest.raises(Problems) as caught:
        load("extends: base.yaml\n+must_deps: [wbe]\n", {**base, "configs/dev.local.yaml": "ttl: [1]\n"})
    assert [str(error.where) for error in caught.value.errors] == [
        "configs/base.yaml:3:1",
        "configs/dev.local.yaml:1:6",
        "configs/dev.yaml:2:14",
    ]


def test_a_wrong_namespace_of_the_command_line_is_a_usage_error(load: Load) -> None:
    with pytest.raises(UsageError) as caught:
        load("", namespace="Dev_Anna")
    assert str(caught.value) == f'the namespace {LABEL}, not "Dev_Anna" (write dev-anna)'


def test_a_link_does_not_lead_out_of_the_project(load: Load, project: Path) -> None:
    (project / "out").symlink_to(project.parent)
    with pytest.raises(ConfigError, match="outside of the project") as caught:
        load("output_path: ./out/x\n")
    assert caught.value.code == "MSH021"


@pytest.mark.parametrize(
    ("requires", "met"),
    [
        (">={0}", True),
        ("=={0}", True),
        ("=={0}.0", True),
        ("!={0}", False),
        (">{0}", False),
        ("<{0}", False),
        (">= 0.0.1 , <1000", True),
        ("~=1.1", True),
        ("~=0.0.1", False),
        ("<=0.0.9", False),
        ("^1.0.1", True),
        ("^0.1", False),
        ("1.x", True),
        ("2.x", False),
    ],
)
def test_this_version_is_compared_by_its_numbers(load: Load, requires: str, met: bool) -> None:
    text = f'requires: "{requires.format(__version__)}"\n'
    if met:
        load(text)
        return
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert caught.value.code == "MSH019"


def test_scalars_that_yaml_versions_read_differently_are_warnings(load: Load) -> None:
    config = load("vars: {a: on, b: 017, c: 12:30}\n", {"configs/dev.local.yaml": "vars: {sha: 1234e5}\n"})
    assert [(caution.code, str(caution.where)) for caution in config.warnings] == [
        ("MSH003", "configs/dev.yaml:1:11"),
        ("MSH003", "configs/dev.yaml:1:18"),
        ("MSH003", "configs/dev.yaml:1:26"),
        ("MSH003", "configs/dev.local.yaml:1:13"),
    ]
    assert config.warnings[0].message == "on is true in YAML 1.1 and a text in YAML 1.2; Kubernetes reads true"
    assert config.warnings[0].suggestion == "quote it if a text is meant"


def test_unreadable_files_are_errors_with_a_code(load: Load, project: Path) -> None:
    (project / "configs" / "dev.local.yaml").mkdir()
    with pytest.raises(MeshctlError) as caught:
        load("service: [web]\n")
    assert (caught.value.code, str(caught.value)) == ("MSH020", "configs/dev.local.yaml is a folder")


def test_what_is_odd_is_told_beside_what_is_wrong(load: Load) -> None:
    with pytest.raises(ConfigError, match="srvice") as caught:
        load("service: [web]\nvars: {y: 1, port: 12:30}\nsrvice: 1\n")
    told = [f"{caution.code} {caution.where}" for caution in caught.value.cautions]
    assert told == [f"MSH003 {FILE}:2:8", f"MSH003 {FILE}:2:20"]
