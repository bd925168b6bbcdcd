"""Findings for people: the place, which editors follow, the line with a caret, what to do, and the sum."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from meshctl.check import SEVERITIES, Finding, Report, Severity
from meshctl.errors import Where
from meshctl.output.findings.source import Sources
from meshctl.output.terminal import Terminal
from meshctl.output.wording import count, one_line

_STYLES: dict[Severity, tuple[str, ...]] = {
    "error": ("red", "bold"),
    "warning": ("yellow", "bold"),
    "info": ("blue", "bold"),
}
_NOUNS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_NAMED = 3  # objects that share a finding, before the others are only counted
_LONGEST_LINE = 160  # characters of a source line


def human(report: Report, terminal: Terminal, sources: Sources) -> str:
    """In order of place; what many objects have from one line of a shared partial is told once. Notes come last, each
    kind of them once: nobody has to act on them."""
    grave = [finding for finding in report.findings if finding.severity != "info"]
    notes = sorted((finding for finding in report.findings if finding.severity == "info"), key=lambda note: note.code)
    groups = _grouped(grave, lambda finding: (finding.where, finding.code, finding.severity))
    groups += _grouped(notes, lambda note: note.code)
    blocks = ["\n".join(_block(group, terminal, sources)) for group in groups]
    return "\n\n".join([*blocks, _sum(report, terminal)])


def _grouped(findings: Iterable[Finding], key: Callable[[Finding], object]) -> list[list[Finding]]:
    return [list(group) for _, group in groupby(findings, key=key)]


def _block(findings: Sequence[Finding], terminal: Terminal, sources: Sources) -> Iterator[str]:
    first = findings[0]
    place = terminal.paint(f"{first.where}: ", "bold") if first.where else ""
    severity = terminal.paint(f"{_NOUNS[first.severity]}:", *_STYLES[first.severity])
    yield f"{place}{severity} {one_line(first.message)}{terminal.paint(f' [{first.code}]', 'dim')}"
    if first.where and not first.confidential:
        yield from _excerpt(first.where, terminal, sources)
    if first.via:
        yield f"  {terminal.paint('included by', 'dim')} {first.via}"
    if first.suggestion:
        yield f"  {terminal.paint('hint:', 'cyan')} {first.suggestion}"
    if others := _others(findings):
        yield f"  {terminal.paint('also:', 'dim')} {others}"


def _excerpt(where: Where, terminal: Terminal, sources: Sources) -> Iterator[str]:
    line = sources.line(where)
    if not line.strip():
        return
    number = str(where.line)
    yield f"{terminal.paint(f'  {number} |', 'dim')} {line[:_LONGEST_LINE]}"
    if 0 < where.column <= _LONGEST_LINE:
        indent = "".join(letter if letter == "\t" else " " for letter in line[: where.column - 1])
        margin = terminal.paint(f"  {' ' * len(number)} |", "dim")
        yield f"{margin} {indent.ljust(where.column - 1)}{terminal.paint('^', 'green', 'bold')}"


def _others(findings: Sequence[Finding]) -> str:
    """What else has the same at the same place: another object, or the same one, as another message says."""
    own = _whose(findings[0])
    told = [one_line(finding.message) if _whose(finding) == own else _whose(finding) for finding in findings]
    others = [each for each in dict.fromkeys(told) if each not in (own, told[0])]
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return ", ".join(others[:_NAMED]) + more


def _whose(finding: Finding) -> str:
    if finding.ref is None:
        return one_line(finding.message)
    own = finding.service in ("", finding.ref.name)
    return str(finding.ref) if own else f"{finding.ref} of {finding.service}"


def _sum(report: Report, terminal: Terminal) -> str:
    ignored = f"; {count(len(report.suppressed), 'finding')} ignored" if report.suppressed else ""
    if not report.findings:
        checked = f"{count(len(report.services), 'service')}, {count(report.objects, 'object')}"
        return f"{terminal.paint('no findings', 'green')} in {checked}{ignored}"
    numbers = {severity: sum(each.severity == severity for each in report.findings) for severity in SEVERITIES}
    told = [_counted(severity, number, terminal) for severity, number in numbers.items() if number]
    return f"{', '.join(told)} in {_files(report.findings)}{ignored}"


def _counted(severity: Severity, number: int, terminal: Terminal) -> str:
    return terminal.paint(count(number, _NOUNS[severity]), *_STYLES[severity])


def _files(findings: Iterable[Finding]) -> str:
    return count(len({finding.where.file for finding in findings if finding.where}), "file")
