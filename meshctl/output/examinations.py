"""What doctor found: by area, a line each, and below what is wrong what mends it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from meshctl.output.documents import document
from meshctl.output.terminal import Terminal
from meshctl.output.wording import count, one_line

if TYPE_CHECKING:
    from meshctl.doctor import Finding, State

_STYLES: dict[State, tuple[str, ...]] = {"ok": ("green",), "warn": ("yellow", "bold"), "fail": ("red", "bold")}
_NOUNS: dict[State, str] = {"fail": "failure", "warn": "warning"}
_INDENT = " " * 6


def show(findings: Sequence[Finding], form: str, terminal: Terminal, *, verbose: bool) -> str:
    """`verbose` also prints the objects that mend something."""
    if form in ("json", "yaml"):
        return document(form, {"findings": [finding.record() for finding in findings]})
    areas = ["\n".join(_area(area, list(group), terminal)) for area, group in groupby(findings, lambda each: each.area)]
    return "\n\n".join([*areas, *(_manifests(findings) if verbose else ()), _sum(findings, terminal)])


def _area(name: str, findings: Iterable[Finding], terminal: Terminal) -> Iterator[str]:
    yield terminal.paint(name, "bold")
    for finding in findings:
        state = terminal.paint(finding.state, *_STYLES[finding.state]) + " " * (4 - len(finding.state))
        yield f"{state}  {finding.name} — {one_line(finding.message)}"
        if finding.suggestion and finding.state != "ok":
            yield f"{_INDENT}{terminal.paint('→', 'cyan')} {one_line(finding.suggestion)}"


def _manifests(findings: Iterable[Finding]) -> Iterator[str]:
    """Several findings may be mended by the same."""
    from meshctl import yamlio

    different = {yamlio.dump(body): None for finding in findings for body in finding.manifests}
    if different:
        yield "---\n" + "---\n".join(different).rstrip()


def _sum(findings: Sequence[Finding], terminal: Terminal) -> str:
    numbers = {state: sum(each.state == state for each in findings) for state in _NOUNS}
    told = [
        terminal.paint(count(number, _NOUNS[state]), *_STYLES[state]) for state, number in numbers.items() if number
    ]
    return ", ".join(told) if told else terminal.paint("nothing is wrong", "green")
