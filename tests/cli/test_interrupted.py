"""Work that goes on until a signal comes: runs, and what follows changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from calling import write_project

NEVER_READY = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ service.name }}}
spec:
  selector: {matchLabels: {app: {{ service.name }}}}
  template:
    metadata: {labels: {app: {{ service.name }}, sandbox.meshctl.dev/fail: NotReady}}
    spec: {containers: [{name: main, image: web}]}
"""
Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def begin(tmp_path: Path, sandbox_kubeconfig: Path, unused_namespace: str) -> Iterator[Begin]:
    """Starts meshctl in a project whose services never get ready; whatever is left of it ends with the test."""
    write_project(tmp_path, "project: shop\nservice: {web: {}, admin: {needs: [web]}}\n", services=("web", "admin"))
    for name in ("web", "admin"):
        (tmp_path / "templates" / name / "config.yaml.j2").write_text(NEVER_READY)
    options = ["-C", str(tmp_path), "--kubeconfig", str(sandbox_kubeconfig), "-n", unused_namespace]
    begun: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **streams: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "meshctl", *options, *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        begun.append(subprocess.Popen(command, text=True, **pipes))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def lines_until(stream: IO[str] | None, word: str) -> list[str]:
    assert stream
    lines = []
    for line in stream:
        lines.append(line)
        if word in line:
            return lines
    raise AssertionError(lines)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_says_what_was_done_and_what_was_not(begin: Begin, number: signal.Signals, code: int) -> None:
    running = begin("start", "-o", "json")
    lines = lines_until(running.stdout, '"waiting","service":"web"')
    running.send_signal(number)
    out, err = running.communicate(timeout=20)
    events = [json.loads(line) for line in [*lines, *out.splitlines()]]
    assert running.returncode == code
    assert "interrupted: finishing what has begun; once more ends at once" in err
    assert (events[-1]["type"], events[-1]["exit"]) == ("finished", code)
    assert events[-1]["counts"]["not_begun"] == 1
    assert "Traceback" not in err


@pytest.mark.parametrize("times", [1, 2])
def test_the_terminal_is_as_it_was(begin: Begin, times: int) -> None:
    """Whether the run ends by itself, telling what was done, or at once: the cursor is shown again below the table."""
    master, slave = os.openpty()
    before = termios.tcgetattr(slave)
    environ = {name: value for name, value in os.environ.items() if name != "CI"} | {"TERM": "xterm"}
    running = begin("start", "--color", "always", stdout=slave, stdin=slave, env=environ)
    shown = read_until(master, "waiting")
    for _ in range(times):
        running.send_signal(signal.SIGINT)
    assert running.wait(20) == 130
    after = termios.tcgetattr(slave)
    os.close(slave)
    shown += read_until(master, "")
    os.close(master)
    assert after == before
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    if times == 1:
        assert "admin: not begun" in shown
        assert "start interrupted:" in shown


def read_until(terminal: int, word: str) -> str:
    """What the program shows, up to a word, or all of it."""
    shown = ""
    while not word or word not in shown:
        try:
            shown += os.read(terminal, 4096).decode("utf-8", "replace")
        except OSError:  # the program has ended
            break
    return shown


STUBBORN = """
import sys, time
from meshctl.cli.signals import interruptible
from meshctl.lifecycle import Interrupt

say = lambda text: print(text, flush=True)
with interruptible(Interrupt(), notice=say, at_once=lambda: say("tidied up")):
    say("working")
    while True:
        time.sleep(0.01)
"""


def test_a_second_one_ends_at_once_even_what_does_not_stop() -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True) as working:
        lines_until(working.stdout, "working")
        working.send_signal(signal.SIGINT)
        lines_until(working.stdout, "once more ends at once")
        working.send_signal(signal.SIGINT)
        assert working.communicate(timeout=20)[0] == "tidied up\n"
    assert working.returncode == 130


def test_a_watch_shows_changes_until_it_is_left(begin: Begin) -> None:
    assert begin("start", "web", "--no-wait", "-q").wait(30) == 0
    watching = begin("status", "web", "-w", "-o", "json", "-q")
    first = json.loads(lines_until(watching.stdout, "\n")[0])
    assert [row["name"] for row in first["services"]] == ["web"]
    assert begin("stop", "web", "-q").wait(30) == 0
    stopped = json.loads(lines_until(watching.stdout, '"state":"stopped"')[-1])
    assert (stopped["meshctl"], stopped["services"][0]["age"]) == (1, None)
    watching.send_signal(signal.SIGINT)
    assert watching.communicate(timeout=20) == ("", "")
    assert watching.returncode == 130


def test_following_logs_is_left_without_a_word(begin: Begin) -> None:
    assert begin("start", "web", "--no-wait", "-q").wait(30) == 0
    following = begin("logs", "web", "-f", "-o", "json", "-q")
    line = json.loads(lines_until(following.stdout, "\n")[0])
    assert (line["service"], line["container"]) == ("web", "main")
    following.send_signal(signal.SIGINT)
    out, err = following.communicate(timeout=20)
    assert (following.returncode, err) == (130, "")
    assert all(json.loads(rest)["service"] == "web" for rest in out.splitlines())
