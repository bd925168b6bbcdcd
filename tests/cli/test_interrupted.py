"""Work that goes on until a signal comes: runs, and what follows changes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

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

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "meshctl", *options, *arguments]
        begun.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
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
