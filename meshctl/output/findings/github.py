"""Findings as GitHub's workflow commands, which show them at their lines in a pull request."""

from __future__ import annotations

from collections.abc import Mapping

from meshctl.check import Finding, Report

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}
_IN_TEXT = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTY = {**_IN_TEXT, ":": "%3A", ",": "%2C"}


def workflow_commands(report: Report) -> str:
    return "\n".join(map(_annotation, report.findings))


def _annotation(finding: Finding) -> str:
    file, line, column = finding.where or ("", 0, 0)
    known = {"file": file, "line": str(line or ""), "col": str(column or ""), "title": finding.code}
    properties = ",".join(f"{name}={_escaped(text, _IN_PROPERTY)}" for name, text in known.items() if text)
    advice = f"\n{finding.suggestion}" if finding.suggestion else ""
    return f"::{_COMMANDS[finding.severity]} {properties}::{_escaped(finding.message + advice, _IN_TEXT)}"


def _escaped(text: str, table: Mapping[str, str]) -> str:
    return "".join(table.get(letter, letter) for letter in text)
