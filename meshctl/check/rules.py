"""The rules: each is one function with a code, a severity and a docstring, known by its decorator.

    @object_rule("MSH231", "warning", "Service")
    def two_ports_of_one_name(service: Resource) -> Iterator[Fault]:
        \"\"\"Two ports of a Service have one name.

        Why that is wrong, in a sentence or two.

            # bad
            the manifests that it finds
            # good
            the same, mended
        \"\"\"

The docstring is the page of the code: its first line the title, the block of YAML an example, which a test runs. A rule
sees one object, the pod of one workload, all objects together, or the project; the less it sees the less has to be done
again when something changes. It yields a Fault for each thing to mend and never raises, whatever shape the object has.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from meshctl.check.finding import Fault, Severity, page_of

if TYPE_CHECKING:
    from meshctl.check.project.facts import ProjectFacts
    from meshctl.check.resource import Pod, Resource
    from meshctl.check.subject import Subject

MODULES = ("kubernetes", "istio", "project", "loading", "suppression")

Scope = Literal["object", "pod", "bundle", "project", "none"]
Function = Callable[[Any], Iterator[Fault]]
_EXAMPLE = re.compile(r"^ {4}# (bad|good)\n((?: {4}.*\n|\n)*?)(?=^ {4}# (?:bad|good)\n|^\S|\Z)", re.MULTILINE)


@dataclass(frozen=True)
class Rule:
    """`kinds` are those it looks at, as (group, kind), every kind if there are none. `aliases` are what other tools
    call it."""

    code: str
    severity: Severity
    scope: Scope
    kinds: frozenset[tuple[str, str]]
    aliases: tuple[str, ...]
    text: str
    function: Function

    @cached_property
    def title(self) -> str:
        return self.text.partition("\n")[0].removesuffix(".")

    @cached_property
    def explanation(self) -> str:
        """Why it matters, without the title and the example."""
        lines = self.text.splitlines()[1:]
        return "\n".join(line for line in lines if not line.startswith("    ")).strip()

    @cached_property
    def examples(self) -> tuple[tuple[Literal["bad", "good"], str], ...]:
        found = _EXAMPLE.findall(self.text + "\n")
        return tuple((verdict, inspect.cleandoc(text) + "\n") for verdict, text in found)

    @property
    def documentation(self) -> str:
        return page_of(self.code)


_RULES: dict[str, Rule] = {}


def object_rule(
    code: str, severity: Severity, *kinds: str, aliases: Sequence[str] = ()
) -> Callable[[Callable[[Resource], Iterator[Fault]]], Rule]:
    """A rule of one object, of kinds written `Service` or `Deployment.apps`, of all kinds if none is named."""
    return _registered(code, severity, "object", kinds, aliases)


def pod_rule(
    code: str, severity: Severity, *, aliases: Sequence[str] = ()
) -> Callable[[Callable[[Pod], Iterator[Fault]]], Rule]:
    """A rule of the pod that a workload makes."""
    return _registered(code, severity, "pod", (), aliases)


def bundle_rule(
    code: str, severity: Severity, *, aliases: Sequence[str] = ()
) -> Callable[[Callable[[Subject], Iterator[Fault]]], Rule]:
    """A rule of all objects together; its faults say in which manifest they are. It runs every time, so it has to be
    linear in the number of objects."""
    return _registered(code, severity, "bundle", (), aliases)


def project_rule(
    code: str, severity: Severity, *, aliases: Sequence[str] = ()
) -> Callable[[Callable[[ProjectFacts], Iterator[Fault]]], Rule]:
    """A rule of the config and its plan; its faults say `where`."""
    return _registered(code, severity, "project", (), aliases)


def explained(code: str, severity: Severity, text: str) -> Rule:
    """A code that no rule finds: what loading, rendering or the check itself says. `text` is its page."""
    return _registered(code, severity, "none", (), (), inspect.cleandoc(text))(_finds_nothing)


def _finds_nothing(_: Any) -> Iterator[Fault]:
    return iter(())


def _registered(
    code: str, severity: Severity, scope: Scope, kinds: Sequence[str], aliases: Sequence[str], text: str = ""
) -> Callable[[Function], Rule]:
    def register(function: Function) -> Rule:
        wanted = frozenset((group, kind) for kind, _, group in (each.partition(".") for each in kinds))
        page = text or inspect.getdoc(function) or code
        rule = Rule(code, severity, scope, wanted, tuple(aliases), page, function)
        if code in _RULES:
            raise ValueError(f"two rules have the code {code}")
        _RULES[code] = rule
        return rule

    return register


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, by code."""
    for module in MODULES:
        import_module(f"meshctl.check.{module}")
    return tuple(rule for _, rule in sorted(_RULES.items()))


@cache
def _by_code() -> Mapping[str, Rule]:
    return {rule.code: rule for rule in all_rules()}


def rule_of(code: str) -> Rule | None:
    return _by_code().get(code)


@cache
def rules_of(scope: Scope) -> tuple[Rule, ...]:
    return tuple(rule for rule in all_rules() if rule.scope == scope)


@cache
def object_rules_for(group: str, kind: str) -> tuple[Rule, ...]:
    """The rules of one object that look at this kind."""
    return tuple(rule for rule in rules_of("object") if not rule.kinds or (group, kind) in rule.kinds)
