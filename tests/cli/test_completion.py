"""What a Tab shows: the answers themselves, and the scripts in the shells that are here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from calling import write_project

from meshctl.cli.completion import FILES, NO_FILES, answer, answer_kubectl, complete
from meshctl.cli.shells import SCRIPTS


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in the current folder, and a home where there is no cluster and no sandbox."""
    write_project(tmp_path)
    (tmp_path / "configs" / "staging.yaml").write_text("service: [only]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return tmp_path


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("st", ["start", "stop", "status"]),
        ("-n dev st", ["start", "stop", "status"]),
        ("config ", ["view", "schema", "origins"]),
        ("sandbox -q u", ["up"]),
        ("start ", ["postgres", "cache", "web"]),
        ("start web c", ["cache"]),
        ("pods --all -o ", ["human", "wide", "json", "yaml", "name"]),
        ("start -o=j", ["-o=json"]),
        ("start --output=j", ["--output=json"]),
        ("start -g s", ["storage", "site"]),
        ("start --group=storage,s", ["--group=storage,storage", "--group=storage,site"]),
        ("start --no-n", ["--no-needs"]),
        ("start --dry-run ", ["none", "client", "server"]),
        ("start -e staging ", ["only"]),
        ("-e staging start ", ["only"]),
        ("-e ", ["dev", "staging"]),
        ("start --env=s", ["--env=staging"]),
        ("list ", ["services", "groups", "envs"]),
        ("completion ", ["bash", "zsh", "fish", "powershell"]),
        ("completion bash ", []),
        ("--color a", ["auto", "always"]),
        ("--kubec", ["--kubeconfig"]),
        ("sandbox logs k", ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]),
        ("log ", ["postgres", "cache", "web"]),
    ],
)
def test_answers(typed: str, values: list[str]) -> None:
    *words, incomplete = typed.split(" ")
    found = complete(words, incomplete)
    assert [candidate.value for candidate in found.candidates] == values
    assert found.directive == NO_FILES


def test_environments_are_offered_where_one_has_to_be_named(project: Path) -> None:
    (project / "configs" / "dev.yaml").rename(project / "configs" / "prod.yaml")
    assert [candidate.value for candidate in complete(["-e"], "").candidates] == ["prod", "staging"]


@pytest.mark.parametrize("typed", ["-C ", "start -f ", "--kubeconfig x", "start --kubeconfig=x", "init "])
def test_paths_are_the_shells_own_business(typed: str) -> None:
    *words, incomplete = typed.split(" ")
    assert complete(words, incomplete) == ([], FILES)


def test_contexts_are_those_of_the_kubeconfig(project: Path) -> None:
    (project / "kubeconfig").write_text("contexts: [{name: kind-a, context: {}}, {name: prod, context: {}}]\n")
    found = complete(["--kubeconfig", "kubeconfig", "start", "--context"], "k")
    assert [candidate.value for candidate in found.candidates] == ["kind-a"]


@pytest.mark.parametrize(
    "words", [["start", ""], ["pods", "-n", ""], ["frobnicate", ""], ["start", "-e", "none", ""], []]
)
def test_what_fails_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert answer(words) == 0
    out, err = capsys.readouterr()
    assert (out[-3:-2], err) == (":", "")


@pytest.mark.usefixtures("project")
def test_kubectl_asks_in_its_own_protocol(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["kubectl_complete-mesh", "sto"])
    assert answer_kubectl() == 0
    assert capsys.readouterr().out == "stop\tDelete services in reverse order and wait until they are gone\n:4\n"


BASH = """
source <(meshctl completion bash)
COMP_LINE="$1" COMP_POINT=${#1}
_meshctl 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = "meshctl completion fish | source; complete -C $argv[1] | string split -f 1 \\t; true"
IN_SHELLS = [
    ("meshctl st", ["start", "status", "stop"]),
    ("meshctl start -g storage,s", ["storage,site", "storage,storage"]),
    ("meshctl start web ", ["cache", "postgres", "web"]),
]


@pytest.fixture
def programs(project: Path) -> dict[str, str]:
    """An environment in which `meshctl` is the one under test."""
    program = project / "bin" / "meshctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m meshctl "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


def answers_of(command: list[str], environ: dict[str, str]) -> list[str]:
    ended = subprocess.run(command, capture_output=True, text=True, env=environ, check=True)
    assert ended.stderr == ""
    return sorted(ended.stdout.split())


SHELLS = {"bash": ["bash", "--norc", "-c", BASH, "bash"], "fish": ["fish", "--no-config", "-c", FISH]}
CASES = [(shell, *case) for shell in SHELLS if shutil.which(shell) for case in IN_SHELLS]


@pytest.mark.parametrize(("shell", "typed", "values"), [*CASES, ("bash", "meshctl --env=s", ["staging"])])
def test_shells_complete(programs: dict[str, str], shell: str, typed: str, values: list[str]) -> None:
    """zsh has no way to be asked without a terminal; fish is asked where there is one."""
    assert answers_of([*SHELLS[shell], typed], programs) == values


CHECKS = {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "--no-execute"]}


@pytest.mark.parametrize("shell", [shell for shell in CHECKS if shutil.which(shell)])
def test_each_script_is_one_that_its_shell_can_read(shell: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(SCRIPTS[shell])
    subprocess.run([*CHECKS[shell], script], check=True)


def test_the_script_for_powershell_is_powershell() -> None:
    import tree_sitter_powershell
    from tree_sitter import Language, Parser

    parser = Parser(Language(tree_sitter_powershell.language()))
    assert not parser.parse(SCRIPTS["powershell"].encode()).root_node.has_error
    assert parser.parse(SCRIPTS["powershell"].replace("{", "", 1).encode()).root_node.has_error
