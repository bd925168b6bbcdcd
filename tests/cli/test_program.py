"""How meshctl ends: exit codes, and errors for people, for programs and for streams."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from calling import Meshctl, process, write_kubeconfig, write_project

from meshctl import __version__
from meshctl.cli.program import _internal
from meshctl.cli.values import typed

BROKEN = "vars: {tag: v1}\nservice: [web]\nservce_group: {}\nmust_deps: [wbe]\n"


def test_version(meshctl: Meshctl) -> None:
    python = sys.version.split()[0]
    assert meshctl("version") == (0, f"meshctl {__version__} (Python {python})\n", "")
    assert json.loads(meshctl("version", "-o", "json").out) == {"meshctl": 1, "version": __version__, "python": python}
    assert meshctl("--version") == meshctl("version")


@pytest.mark.parametrize("typed", ["-o json", "-ojson", "-o=json", "--output json", "--output=json"])
def test_options_are_written_in_all_of_kubectls_ways(meshctl: Meshctl, typed: str) -> None:
    assert json.loads(meshctl("version", *typed.split()).out)
    assert json.loads(meshctl(*typed.split(), "version").out)


@pytest.mark.parametrize("typed", [[], ["--help"], ["-h"], ["help"]])
def test_the_program_explains_itself(meshctl: Meshctl, typed: list[str]) -> None:
    code, out, err = meshctl(*typed)
    assert (code, err) == (0, "")
    assert "Usage: meshctl [OPTIONS] COMMAND" in out


def test_a_sandbox_that_does_not_run_is_down_already(meshctl: Meshctl) -> None:
    code, out, _ = meshctl("sandbox", "down", "--name", "never-there", "-o", "json")
    assert (code, json.loads(out)["meshctl"], json.loads(out)["running"]) == (0, 1, False)


def test_hidden_words_are_shown_nowhere(meshctl: Meshctl) -> None:
    words = meshctl("--help").out.split()
    assert not {"log", "pod", "port", "ps", "svc"} & set(words)


@pytest.mark.parametrize(
    ("typed", "message", "hint"),
    [
        ("strat", "there is no command 'strat'", "did you mean start?"),
        ("start --timeot 5m", "meshctl start has no option --timeot", "did you mean --timeout?"),
        ("list servces", "invalid value for 'services|groups|envs'", "meshctl list --help shows its options"),
        ("version -o yaml", "-o yaml is no form of this command", "one of human, json"),
        ("start --timeout soon", '--timeout: "soon" is no duration; write it like 90s, 5m or 1h30m', ""),
        ("version --color pink", "--color is 'pink'", "one of auto, always, never"),
        ("version -q -v", "--quiet and --verbose exclude each other", ""),
        ("version -e dev -f x.yaml", "--env and --file exclude each other", ""),
        ("version extra", "got unexpected extra argument(s) (extra)", "meshctl version --help shows its options"),
        ("-n dev", "no command is named", "meshctl --help lists them"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_right(meshctl: Meshctl, typed: str, message: str, hint: str) -> None:
    code, out, err = meshctl(*typed.split())
    assert (code, out) == (2, "")
    assert f"error: {message}" in err
    assert f"hint: {hint}" in err or not hint


def test_errors_have_one_form_for_programs(meshctl: Meshctl) -> None:
    code, out, err = meshctl("strat", "-o", "json")
    assert (code, err) == (2, "")
    assert json.loads(out) == {
        "meshctl": 1,
        "errors": [
            {
                "code": "Usage",
                "message": "there is no command 'strat'",
                "file": "",
                "line": 0,
                "column": 0,
                "suggestion": "did you mean start?",
            }
        ],
    }


def test_all_errors_of_a_file_are_told_at_once_with_their_places(meshctl: Meshctl, tmp_path: Path) -> None:
    write_project(tmp_path, BROKEN, services=("web",))
    code, out, err = meshctl("-C", str(tmp_path), "config", "view")
    assert (code, out) == (2, "")
    assert "configs/dev.yaml:3:1: error: " in err
    assert "configs/dev.yaml:4:13: error: " in err
    assert err.endswith("2 errors\n")
    code, out, err = meshctl("-C", str(tmp_path), "config", "view", "-o", "json")
    assert (code, err) == (2, "")
    found = [(error["file"], error["line"], error["column"]) for error in json.loads(out)["errors"]]
    assert found == [("configs/dev.yaml", 3, 1), ("configs/dev.yaml", 4, 13)]


def test_errors_before_a_run_are_lines_of_its_stream(meshctl: Meshctl, tmp_path: Path) -> None:
    write_project(tmp_path, BROKEN, services=("web",))
    code, out, err = meshctl("-C", str(tmp_path), "start", "-o", "json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (2, "")
    assert [line["type"] for line in lines] == ["planned", "error", "error", "finished"]
    assert {line["meshctl"] for line in lines} == {1}
    assert (lines[0]["action"], lines[0]["services"], lines[0]["objects"]) == ("start", [], 0)
    assert (lines[1]["file"], lines[1]["line"], lines[3]["exit"]) == ("configs/dev.yaml", 3, 2)


def test_a_traceback_is_for_who_asks_for_it(meshctl: Meshctl) -> None:
    assert "Traceback" not in meshctl("strat").err
    assert "Traceback" in meshctl("-v", "strat").err


def test_what_nobody_foresaw_is_one_line() -> None:
    error = _internal(KeyError("web\nand more"))
    assert error.message == r"internal error: KeyError: 'web\nand more'"
    assert (error.exit_code, error.code) == (1, "Internal")
    assert "-v shows the traceback" in error.suggestion


def test_a_failure_of_diff_is_2_because_1_is_a_difference(meshctl: Meshctl, tmp_path: Path) -> None:
    write_project(tmp_path / "project")
    nowhere = write_kubeconfig(tmp_path / "kubeconfig", "https://127.0.0.1:1")
    where = ("-C", str(tmp_path / "project"), "--kubeconfig", str(nowhere))
    code, _, err = meshctl(*where, "diff")
    assert code == 2
    assert "error: " in err
    assert meshctl(*where, "status").code == 1


def test_no_cluster_at_all_offers_the_sandbox(tmp_path: Path) -> None:
    write_project(tmp_path)
    nothing = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    code, out, err = process("pods", directory=tmp_path, environ=nothing)
    assert (code, out) == (1, "")
    assert "error: no cluster is configured" in err
    assert "meshctl sandbox up" in err


def test_a_reader_that_goes_away_is_no_error() -> None:
    script = f"'{sys.executable}' -m meshctl config origins | true; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert ended.stderr == ""
    assert ended.returncode == 128 + signal.SIGPIPE


@pytest.fixture
def silent_server() -> Iterator[tuple[socket.socket, str]]:
    """Takes connections and never says a word; and its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server, f"https://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_what_only_reads_at_once(
    tmp_path: Path, silent_server: tuple[socket.socket, str], number: signal.Signals, code: int
) -> None:
    server, address = silent_server
    write_project(tmp_path)
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", address)
    running = subprocess.Popen(
        [sys.executable, "-m", "meshctl", "-C", tmp_path, "--kubeconfig", kubeconfig, "pods", "-o", "json", "-q"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with server.accept()[0]:  # meshctl waits for an answer by now
        running.send_signal(number)
        out, err = running.communicate(timeout=5)
    assert (running.returncode, err) == (code, "")
    assert json.loads(out)["errors"][0]["code"] == {130: "Interrupted", 143: "Terminated"}[code]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_are_no_problem_of_the_config_to_go_on_after(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """The second of two files is not decrypted any more."""
    write_project(tmp_path)
    (tmp_path / "configs/dev.yaml").write_text("vars_from: [{sops: a.yaml}, {sops: b.yaml}]\nservice: [web]\n")
    for name in ("a", "b"):
        (tmp_path / f"configs/{name}.yaml").write_text("sops: {}\n")
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "sops").write_text(f"#!/bin/sh\necho begun >{begun}\nexec sleep 20\n")
    (programs / "sops").chmod(0o755)
    running = subprocess.Popen(
        [sys.executable, "-m", "meshctl", "-C", tmp_path, "list", "services"],
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    begun.read_text()
    running.send_signal(number)
    out, err = running.communicate(timeout=10)
    assert (running.returncode, out, err) == (code, "", f"error: {'interrupted' if code == 130 else 'terminated'}\n")


def test_meshctl_is_also_a_plugin_of_kubectl(tmp_path: Path) -> None:
    plugin = tmp_path / "kubectl-mesh"
    plugin.write_text(f"#!{sys.executable}\nimport sys\nfrom meshctl.cli import main\nsys.exit(main())\n")
    plugin.chmod(0o755)
    assert "Usage: kubectl mesh [OPTIONS] COMMAND" in process(program=str(plugin)).out
    shown = process("version", "--help", program=str(plugin)).out
    assert "Usage: kubectl mesh version" in shown
    assert "  kubectl mesh version -o json" in shown


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (("web", "-g", "trade", "--timeout=2m"), "start web -g trade --timeout=2m"),
        (("--set", "vars.password=hunter2", "web"), "start --set vars.password=… web"),
        (
            ("--set-string=vars.password=hun=ter", "--set-file", "vars.key=key.pem"),
            "start --set-string=vars.password=… --set-file vars.key=…",
        ),
        (("--set", "hunter2"), "start --set …"),
        (("--kubeconfig=/home/anna/k", "-n", "dev-anna", "-C", "/home/anna", "web"), "start web"),
        (("two words",), "start 'two words'"),
    ],
)
def test_a_command_is_kept_without_what_it_sets(words: tuple[str, ...], kept: str) -> None:
    assert typed("start", words) == kept
