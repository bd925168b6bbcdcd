"""Everything that can be said about a project before a cluster sees it.

    rules          one function a rule, of an object, a pod, all objects, the project   rules.py and a folder a topic
    what they see  an object, its pod, indexes over all objects                         node.py, resource.py, subject.py
    what they say  Fault, and Finding with code, severity and line                      finding.py, report.py
    the run        rules over objects, suppression, lines                               checking.py, inspection.py

Offline and pure: Config, Plan and Bundle in, findings out, always in the same order.
"""

from __future__ import annotations

from meshctl.check.checking import Material, check, check_manifests, faults_as_report
from meshctl.check.finding import SEVERITIES, Fault, Finding, Severity
from meshctl.check.report import FailOn, Report, Suppressed
from meshctl.check.rules import Rule, all_rules, rule_of
from meshctl.check.subject import Subject, subject_of

__all__ = [
    "SEVERITIES",
    "FailOn",
    "Fault",
    "Finding",
    "Material",
    "Report",
    "Rule",
    "Severity",
    "Subject",
    "Suppressed",
    "all_rules",
    "check",
    "check_manifests",
    "faults_as_report",
    "rule_of",
    "subject_of",
]
