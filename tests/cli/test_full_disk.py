"""gen on a disk that takes no more."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from calling import write_project

LIMIT = 4096  # bytes that a file may have: beyond that, writing fails as on a full disk


def gen(folder: Path, *options: str, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-m", "meshctl", "gen", "--all", *options],
        cwd=folder,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder / "home"),
            "PYTHONPATH": ":".join(sys.path),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        preexec_fn=limited,
        check=False,
    )


def test_it_is_said_and_nothing_is_left_half_written(tmp_path: Path) -> None:
    write_project(tmp_path)
    with (tmp_path / "templates" / "web" / "config.yaml.j2").open("a") as template:
        template.write("binaryData: {text: {{ 'AAAA' * (replicas * 500) }}}\n")
    assert gen(tmp_path, "--set", "service.web.vars.replicas=1", limit=LIMIT).returncode == 0
    output = tmp_path / "output"
    before = {file.relative_to(output): file.read_text() for file in output.rglob("*.yaml")}

    done = gen(tmp_path, "--set", "vars.tag=v2", limit=LIMIT)
    assert done.returncode == 1
    assert f"cannot write {output}/web/config.yaml: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert (output / "web" / "config.yaml").read_text() == before[Path("web/config.yaml")]
    assert {file.relative_to(output) for file in output.rglob("*") if file.is_file()} == {
        *before,
        Path(".meshctl.json"),
    }

    assert gen(tmp_path, "--set", "vars.tag=v2").returncode == 0
    assert "tag: v2" in (output / "web" / "config.yaml").read_text()
    assert gen(tmp_path, "--set", "vars.tag=v2", "--check").returncode == 0
