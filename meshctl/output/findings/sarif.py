"""Findings as SARIF 2.1.0, which code hosts and editors read."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from meshctl import __version__
from meshctl.check import Finding, Report, Rule, Suppressed, rule_of
from meshctl.errors import Where
from meshctl.output.documents import as_json

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://meshctl.dev"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif(report: Report) -> str:
    """What is ignored is there too, with its reason."""
    findings = [*report.findings, *(each.finding for each in report.suppressed)]
    codes = sorted({finding.code for finding in findings})
    rules = [_rule(code, rule_of(code)) for code in codes]
    driver = {"name": "meshctl", "version": __version__, "informationUri": _HOME, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": _results(report, codes)}
    return as_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(code: str, rule: Rule | None) -> dict[str, Any]:
    if rule is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.explanation or rule.title},
        "helpUri": rule.documentation,
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": list(rule.aliases)},
    }


def _results(report: Report, codes: Sequence[str]) -> list[dict[str, Any]]:
    seen: Counter[str] = Counter()
    told = [_result(finding, codes, seen) for finding in report.findings]
    ignored = [
        {**_result(each.finding, codes, seen), "suppressions": [_suppression(each)]} for each in report.suppressed
    ]
    return told + ignored


def _suppression(suppressed: Suppressed) -> dict[str, str]:
    return {"kind": "inSource" if suppressed.in_source else "external", "justification": suppressed.reason}


def _result(finding: Finding, codes: Sequence[str], seen: Counter[str]) -> dict[str, Any]:
    advice = f"\n{finding.suggestion}" if finding.suggestion else ""
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message + advice},
        "partialFingerprints": {"meshctl/v1": _fingerprint(finding, seen)},
    }
    location: dict[str, Any] = {"physicalLocation": _physical(finding.where)} if finding.where else {}
    if finding.ref:
        location["logicalLocations"] = [{"name": str(finding.ref), "kind": "resource"}]
    if location:
        result["locations"] = [location]
    if finding.via:
        text = {"text": "the template that includes it"}
        result["relatedLocations"] = [{"id": 0, "physicalLocation": _physical(finding.via), "message": text}]
    return result


def _physical(where: Where) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(where.file), "uriBaseId": "%SRCROOT%"}}
    if where.line:
        column = {"startColumn": where.column} if where.column else {}
        place["region"] = {"startLine": where.line, **column}
    return place


def _fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """The same as long as the finding is, wherever its line has moved; equal ones are numbered."""
    what = "\n".join((finding.code, finding.service, "/".join(finding.ref or ()), finding.message))
    seen[what] += 1
    return hashlib.sha256(f"{what}\n{seen[what]}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
