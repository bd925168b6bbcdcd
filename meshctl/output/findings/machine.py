"""Findings for programs: a versioned contract."""

from __future__ import annotations

from typing import Any

from meshctl.check import Finding, Report
from meshctl.output import documents


def document(report: Report) -> str:
    return documents.document("json", {"findings": [body(finding) for finding in report.findings]})


def body(finding: Finding) -> dict[str, Any]:
    """What is unknown of a place is empty or 0."""
    file, line, column = finding.where or ("", 0, 0)
    return {
        "code": finding.code,
        "aliases": list(finding.aliases),
        "severity": finding.severity,
        "message": finding.message,
        "suggestion": finding.suggestion,
        "object": finding.ref.as_dict() if finding.ref else None,
        "service": finding.service,
        "file": file,
        "line": line,
        "column": column,
        "docs": finding.documentation,
    }
