"""Findings as a JUnit report: a suite a service, a case a finding, and one that passes for a service without any."""

from __future__ import annotations

import re
from itertools import groupby

from junitparser import Failure, JUnitXml, TestCase, TestSuite

from meshctl.check import Finding, Report

_PROJECT = "project"  # the suite of what belongs to no service
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> str:
    by_service = sorted(report.findings, key=lambda finding: finding.service)
    suites = {service: list(group) for service, group in groupby(by_service, key=lambda finding: finding.service)}
    document = JUnitXml("meshctl check")
    for service in dict.fromkeys((*suites, *report.services)):
        document.add_testsuite(_suite(service or _PROJECT, suites.get(service, [])))
    document.update_statistics()  # type: ignore[no-untyped-call]
    written: bytes = document.tostring()  # type: ignore[no-untyped-call]
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + written.decode()


def _suite(name: str, findings: list[Finding]) -> TestSuite:
    suite = TestSuite(name)
    suite.add_testcases([_case(name, finding) for finding in findings] or [TestCase("check", name)])
    return suite


def _case(service: str, finding: Finding) -> TestCase:
    """Notes pass: they say nothing that is wrong."""
    case = TestCase(_clean(f"{finding.code} {finding.ref or ''}".strip()), service)
    if finding.where:
        case._elem.set("file", finding.where.file)  # noqa: SLF001 - the library has no name for it, readers do
        case._elem.set("line", str(finding.where.line))  # noqa: SLF001
    if finding.severity != "info":
        failure = Failure(_clean(finding.message), finding.severity)
        failure.text = _clean(str(finding))
        case.result = [failure]
    return case


def _clean(text: str) -> str:
    """XML has no way to write some control characters."""
    return _NOT_XML.sub("�", text)
