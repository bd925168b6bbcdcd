"""Everything that can be said about a project before a cluster sees it.

    rules          one function a rule, of an object, a pod, all objects, the project   rules.py and a folder a topic
    what they see  an object, its pod, indexes over all objects                     node.py, resource.py, subject.py
    what they say  Fault, and Finding with code, severity and line                  finding.py
    the run        rules over objects, suppression, lines                           inspection.py, suppression.py

Offline and pure: Config, Plan and Bundle in, findings out, always in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from meshctl.check import inspection
from meshctl.check.finding import SEVERITIES, Fault, Finding, Severity, of_caution, of_error
from meshctl.check.inspection import Found
from meshctl.check.project.facts import ProjectFacts
from meshctl.check.rules import Rule, all_rules
from meshctl.check.subject import Subject, subject_of
from meshctl.errors import MeshctlError, Problems, UsageError
from meshctl.manifest import Bundle
from meshctl.plan import Plan
from meshctl.yamlio import UNREADABLE

__all__ = [
    "SEVERITIES",
    "Fault",
    "Finding",
    "Material",
    "Rule",
    "Severity",
    "Subject",
    "all_rules",
    "check",
    "check_manifests",
    "faults_as_findings",
    "subject_of",
]


@dataclass(frozen=True)
class Material:
    """What is checked: the objects of a plan, and what was wrong or odd on the way to them.

    `whole` renders the whole project, None if that fails. It is asked only when something seems to be missing: a
    selection may use what an unselected service has.
    """

    plan: Plan
    bundle: Bundle
    errors: tuple[MeshctlError, ...] = ()
    complete: bool = True
    whole: Callable[[], Bundle | None] = lambda: None


def check(material: Material, *, least: Severity = "info") -> list[Finding]:
    """Every finding at least as bad as `least`, in order of place."""
    plan = material.plan
    found = list(_found(material, least))
    findings = [inspection.finding(each) for each in found if inspection.is_worth(each.severity, least)]
    findings += map(of_error, material.errors)
    if inspection.is_worth("warning", least):
        findings += map(of_caution, (*plan.config.warnings, *material.bundle.warnings))
    return in_order(findings)


def check_manifests(text: str, file: str = "manifests.yaml") -> list[Finding]:
    """The findings of plain manifests, without a project. Raises YamlError or Problems."""
    subject = subject_of(text, file)
    found = [found for resource in subject.resources for found in inspection.in_object(resource)]
    found += inspection.in_bundle(subject, "info")
    return in_order(map(inspection.finding, found))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By place, each once: a loop in a template repeats its faults."""
    return sorted(dict.fromkeys(findings), key=lambda finding: finding.sort_key)


def faults_as_findings(error: MeshctlError) -> list[Finding]:
    """What kept a project from being loaded. Raises it if it is no fault of the project: usage, an unreadable file."""
    errors = error.errors if isinstance(error, Problems) else (error,)
    if any(isinstance(each, UsageError) or each.code == UNREADABLE or each.exit_code != 2 for each in errors):
        raise error
    return in_order(map(of_error, errors))


def _found(material: Material, least: Severity) -> Iterator[Found]:
    subject = Subject(material.bundle, material.bundle.namespace)
    for resource in subject.resources:
        yield from inspection.in_object(resource)
    if material.complete:
        yield from _in_all(material, subject, least)
        yield from inspection.in_project(ProjectFacts(material.plan, subject), least)


def _in_all(material: Material, subject: Subject, least: Severity) -> list[Found]:
    """What only all objects together say, of the selected services. What is missing from a selection may be in the
    rest of the project, so whatever is found is looked at again with that."""
    found = list(inspection.in_bundle(subject, least))
    if not found or len(material.plan.services) == len(material.plan.config.services):
        return found
    everything = material.whole()
    if everything is None:
        return []
    again = inspection.in_bundle(Subject(everything, everything.namespace), least)
    return [each for each in again if each.manifest is None or each.manifest.service in material.bundle.services]
