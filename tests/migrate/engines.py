"""The two engines side by side: Go's own, in a program that runs all along, and what the translation renders to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from meshctl import templating
from meshctl.migrate import gotemplate
from meshctl.migrate.gotemplate import Translation

HERE = Path(__file__).parent
LIBRARY = Path(gotemplate.__file__).parent / gotemplate.MACROS
DATA: dict[str, Any] = {
    "s": "text",
    "t": "with <b> & 'quotes' \"two\" é",
    "empty": "",
    "n": 7,
    "zero": 0,
    "yes": True,
    "no": False,
    "nothing": None,
    "half": 0.5,
    "whole": 3.0,
    "large": 1e21,
    "tiny": 0.00001,
    "names": ["a", "b", "c"],
    "void": [],
    "m": {"b": 1, "a": 2, "C": 3},
    "hollow": {},
    "deep": {"x": {"y": "z", "on": True}, "items": ["p"], "n": 1},
    "ports": [{"name": "http", "port": 80, "tls": False}, {"name": "https", "port": 443, "tls": True}],
    "odd": [1, "a", True, None, 2.5, [1], {"k": "v"}],
}


def build(folder: Path) -> Path:
    """The Go program, by the go on PATH or the one of a wheel."""
    go = shutil.which("go") or str(Path(shutil.which("python") or "").parent / "go")
    program = folder / "gotext"
    environ = {**os.environ, "GO111MODULE": "off", "GOFLAGS": ""}
    subprocess.run([go, "build", "-o", program, HERE / "gotext" / "main.go"], check=True, env=environ)
    return program


class Go:
    """Go's text/template."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def render(self, template: str, data: Mapping[str, Any] = DATA) -> tuple[str, str]:
        """What it writes, and its error; one of the two is empty."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"template": template, "data": json.dumps(data)}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["out"], answer["error"]

    def close(self) -> None:
        self._process.communicate()


def translated(template: str, *environments: Mapping[str, Any]) -> Translation:
    return gotemplate.translate(gotemplate.parse(template), environments or (DATA,))


class Jinja:
    """The translation, rendered by the environment that gen has."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / gotemplate.MACROS).write_text(LIBRARY.read_text())
        self._templates = templating.environment(templating.Folders([folder], folder))

    def render(self, template: str, data: Mapping[str, Any] = DATA) -> str:
        ours = {"namespace": "dev-anna", "service": {"name": "web"}}
        return self._templates.from_string(template).render({**ours, **data})
