"""Runs the rules: what is found, before it is suppressed or its lines are looked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from meshctl.check.finding import Fault, Finding, Severity, is_worth
from meshctl.check.memory import Memory, key_of, key_of_all, packed, unpacked
from meshctl.check.resource import Resource
from meshctl.check.rules import Rule, object_rules_for, rule_of, rules_of
from meshctl.check.subject import Subject
from meshctl.errors import Where
from meshctl.manifest import Manifest

if TYPE_CHECKING:
    from meshctl.check.project.facts import ProjectFacts


class Found(NamedTuple):
    """A fault with the rule that saw it, in an object or, without one, in the project."""

    rule: Rule
    fault: Fault
    manifest: Manifest | None

    @property
    def severity(self) -> Severity:
        return self.fault.severity or self.rule.severity


class Inspection:
    """The rules over the objects of a subject, and what they found the last time."""

    def __init__(self, subject: Subject, memory: Memory) -> None:
        self._subject = subject
        self._memory = memory
        self._keys = [key_of(resource.manifest) for resource in subject.resources]

    def objects(self) -> Iterator[Found]:
        """What each object says by itself."""
        for resource, key in zip(self._subject.resources, self._keys, strict=True):
            seen = self._memory.object(key)
            if seen is None:
                found = list(_in_object(resource))
                self._memory.remember_object(key, [packed(each.rule.code, each.fault) for each in found])
                yield from found
            else:
                yield from (Found(_rule(each[0]), unpacked(each), resource.manifest) for each in seen)

    def bundle(self, least: Severity) -> list[Found]:
        """What only all objects together say, at least as bad as `least`."""
        today = date.today().isoformat()  # noqa: DTZ011 - a certificate expires, and nothing else changes
        key = key_of_all(self._keys, self._subject.namespace, least, today)
        manifests = [resource.manifest for resource in self._subject.resources]
        seen = self._memory.bundle(key)
        if seen is not None:
            faults = ((_rule(each[0]), unpacked(each, manifests)) for each in seen)
            return [Found(rule, fault, fault.manifest) for rule, fault in faults]
        found = list(in_bundle(self._subject, least))
        places = {id(manifest): place for place, manifest in enumerate(manifests)}
        self._memory.remember_bundle(
            key, [packed(each.rule.code, each.fault, places.get(id(each.manifest), -1)) for each in found]
        )
        return found


def in_objects(subject: Subject) -> Iterator[Found]:
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


def _rule(code: str) -> Rule:
    rule = rule_of(code)
    assert rule is not None, code  # noqa: S101 - what these very rules found
    return rule


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
