"""A check from its material to its report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from meshctl import collector
from meshctl.check.finding import Finding, Severity, is_worth, of_caution, of_error
from meshctl.check.inspection import Found, Inspection, finding_of, in_bundle, in_objects, in_project
from meshctl.check.memory import Memory
from meshctl.check.report import Report, Suppressed
from meshctl.check.subject import Subject, subject_of
from meshctl.check.suppression import Ignores
from meshctl.config import hidden, secret_values
from meshctl.errors import MeshctlError, Problems, UsageError
from meshctl.manifest import Bundle
from meshctl.plan import Plan
from meshctl.yamlio import UNREADABLE

_LEAKED = "MSH115"


@dataclass(frozen=True)
class Material:
    """What is checked: the objects of a plan, and what was wrong or odd on the way to them.

    `complete` says that no object is missing because its template is at fault. `whole` renders the whole project, None
    if that fails. It is asked only when something seems to be missing: a selection may use what an unselected service
    has.
    """

    plan: Plan
    bundle: Bundle
    errors: tuple[MeshctlError, ...] = ()
    complete: bool = True
    whole: Callable[[], Bundle | None] = lambda: None

    @property
    def is_whole(self) -> bool:
        return len(self.plan.services) == len(self.plan.config.services)


def check(material: Material, *, least: Severity = "info", cache: Path | None = None) -> Report:
    """Every finding at least as bad as `least`. `cache` is the folder of caches; without one nothing is remembered."""
    with collector.paused():
        return _checked(material, least, cache)


def _checked(material: Material, least: Severity, cache: Path | None) -> Report:
    config = material.plan.config
    memory = Memory(cache, f"{config.project_root} {config.file}")
    ignores = Ignores(material.plan.config.ignore, material.bundle)
    confidential = _without_secrets(material)
    told: list[Found] = []
    silenced: list[Suppressed] = []
    for found in _found(material, least, memory):
        if not is_worth(found.severity, least):
            continue
        if silence := ignores.silenced(found):
            silenced.append(Suppressed(confidential(finding_of(found)), silence.reason, silence.in_source))
        else:
            told.append(found)
    memory.save()
    if least == "info":
        told += ignores.malformed()
        told += ignores.unused(material.plan.services, everything=material.is_whole) if material.complete else ()
    findings = [*map(finding_of, told), *map(of_error, material.errors), *_cautions(material, least)]
    return Report(_in_order(map(confidential, findings)), tuple(silenced), material.plan.services, len(material.bundle))


def check_manifests(text: str, file: str = "manifests.yaml") -> tuple[Finding, ...]:
    """The findings of plain manifests, without a project. Raises YamlError or Problems."""
    subject = subject_of(text, file)
    return _in_order(map(finding_of, (*in_objects(subject), *in_bundle(subject, "info"))))


def faults_as_report(error: MeshctlError) -> Report:
    """What kept a project from being loaded. Raises it if it is no fault of the project: usage, an unreadable file."""
    errors = error.errors if isinstance(error, Problems) else (error,)
    if any(isinstance(each, UsageError) or each.code == UNREADABLE or each.exit_code != 2 for each in errors):
        raise error
    return Report(_in_order(map(of_error, errors)))


def _found(material: Material, least: Severity, memory: Memory) -> Iterator[Found]:
    subject = Subject(material.bundle, material.bundle.namespace)
    inspection = Inspection(subject, memory)
    yield from inspection.objects()
    if material.complete:
        yield from _in_all(material, inspection, least)
    if material.complete and least != "error":  # no config that could be loaded has an error
        from meshctl.check.project.facts import ProjectFacts

        yield from in_project(ProjectFacts(material.plan, subject), least)


def _in_all(material: Material, inspection: Inspection, least: Severity) -> Iterable[Found]:
    """What only all objects together say. What is missing from a selection may be in the rest of the project, so
    whatever is found in one is looked at again with that."""
    found = inspection.bundle(least)
    if not found or material.is_whole:
        return found
    everything = material.whole()
    if everything is None:
        return ()
    again = in_bundle(Subject(everything, everything.namespace), least)
    return [each for each in again if each.manifest is None or each.manifest.service in material.bundle.services]


def _cautions(material: Material, least: Severity) -> Iterable[Finding]:
    cautions = (*material.plan.config.warnings, *material.bundle.warnings)
    return map(of_caution, cautions) if is_worth("warning", least) else ()


def _without_secrets(material: Material) -> Callable[[Finding], Finding]:
    """Where a secret is in what is no Secret, which is an error of its own, no other finding may quote it."""
    leaking = {error.where.file for error in material.errors if error.code == _LEAKED and error.where}
    values = secret_values(material.plan.config) if leaking else frozenset()

    def shown(finding: Finding) -> Finding:
        if finding.where is None or finding.where.file not in leaking:
            return finding
        return replace(finding, message=hidden(finding.message, values), suggestion=hidden(finding.suggestion, values))

    return shown


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By place, each once: a loop in a template repeats its faults."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: finding.sort_key))
