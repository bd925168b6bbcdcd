"""Manifests in, verdicts out: tests/check/cases/CODE.yaml has what the examples of a rule's page do not show.

A case is judged by the findings of its file's code alone: `LINE:COLUMN severity: message (suggestion)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from meshctl import check, yamlio
from meshctl.check import Finding

CASES = Path(__file__).parent / "cases"


def cases() -> Iterator[Any]:
    for file in sorted(CASES.glob("*.yaml")):
        for document in yamlio.load_all(file.read_text("utf-8"), file.name):
            case = document.value
            yield pytest.param(file.stem, case["manifests"], case["finds"], id=f"{file.stem}-{case['is']}")


@pytest.mark.parametrize(("code", "manifests", "finds"), list(cases()))
def test_case(code: str, manifests: str, finds: list[str]) -> None:
    findings = check.check_manifests(manifests)
    assert [told(finding) for finding in findings if finding.code == code] == finds


def told(finding: Finding) -> str:
    place = f"{finding.where.line}:{finding.where.column}" if finding.where else ""
    advice = f" ({finding.suggestion})" if finding.suggestion else ""
    return f"{place} {finding.severity}: {finding.message}{advice}"
