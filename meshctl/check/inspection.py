"""Runs the rules: what is found, before it is suppressed or its lines are looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from meshctl.check.finding import Fault, Finding, Severity, is_worth
from meshctl.check.project.facts import ProjectFacts
from meshctl.check.resource import Resource
from meshctl.check.rules import Rule, object_rules_for, rules_of
from meshctl.check.subject import Subject
from meshctl.errors import Where
from meshctl.manifest import Manifest


class Found(NamedTuple):
    """A fault with the rule that saw it, in an object or, without one, in the project."""

    rule: Rule
    fault: Fault
    manifest: Manifest | None

    @property
    def severity(self) -> Severity:
        return self.fault.severity or self.rule.severity


def in_objects(subject: Subject) -> Iterator[Found]:
    """What each object says by itself."""
    for resource in subject.resources:
        yield from _in_object(resource)


def _in_object(resource: Resource) -> Iterator[Found]:
    for rule in object_rules_for(*resource.ref.group_kind):
        for fault in rule.function(resource):
            yield Found(rule, fault, resource.manifest)
    if resource.pod:
        for rule in rules_of("pod"):
            for fault in rule.function(resource.pod):
                yield Found(rule, fault, resource.manifest)


def in_bundle(subject: Subject, least: Severity) -> Iterator[Found]:
    """What only all objects together say."""
    for rule in _worth(rules_of("bundle"), least):
        for fault in rule.function(subject):
            yield Found(rule, fault, fault.manifest)


def in_project(facts: ProjectFacts, least: Severity) -> Iterator[Found]:
    for rule in _worth(rules_of("project"), least):
        for fault in rule.function(facts):
            yield Found(rule, fault, fault.manifest)


def _worth(rules: Iterable[Rule], least: Severity) -> Iterator[Rule]:
    """A rule is never worse than it says, so milder ones need not run at all."""
    return (rule for rule in rules if is_worth(rule.severity, least))


def finding_of(found: Found) -> Finding:
    """With its line, which costs another rendering of its template."""
    rule, fault, manifest = found
    where, via = _places(fault, manifest)
    return Finding(
        code=rule.code,
        severity=found.severity,
        message=fault.message,
        suggestion=fault.suggestion,
        aliases=rule.aliases,
        ref=manifest.ref if manifest else None,
        service=manifest.service if manifest else "",
        where=where,
        via=via,
    )


def _places(fault: Fault, manifest: Manifest | None) -> tuple[Where | None, Where | None]:
    if fault.where or manifest is None:
        return fault.where, None
    source = manifest.locate(fault.path, key=fault.at_key)
    return source.inner, source.outer if source.outer.file != source.inner.file else None
