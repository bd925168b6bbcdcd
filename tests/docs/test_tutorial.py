"""The tutorial does what it says, from its first command to its last."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from console import Shell, Step, agrees, steps

PAGE = Path(__file__).parents[2] / "docs/tutorial.md"
DONE_BEFORE = ("pip install", "meshctl sandbox up")  # by whoever runs the tests, and by their fixture


def test_the_tutorial(tmp_path: Path, environ: Mapping[str, str]) -> None:
    shell = Shell(tmp_path, environ)
    wrong = []
    for step in steps(PAGE.read_text(encoding="utf-8")):
        if step.command.startswith(DONE_BEFORE):
            continue
        printed = shell.run(step.command)
        if not agrees(step.answer, printed):
            wrong.append(f"$ {step.command}\nthe page says:\n{step.answer}\nit prints:\n{printed}")
    assert not wrong, "\n".join(wrong)


def test_an_answer_agrees_but_for_what_it_leaves_open() -> None:
    assert list(steps("text\n```console\n$ a\n1\n…\n$ b <<'END'\nx\nEND\n2\n```\n")) == [
        Step("a", "1\n…"),
        Step("b <<'END'\nx\nEND", "2"),
    ]
    assert agrees("1 …\n…\n3", "1 x\n2\n2\n3\n")
    assert not agrees("1 …\n…\n3", "1 x\n2\n2\n4\n")
