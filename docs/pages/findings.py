"""docs/findings.md: a page for every code, from the docstrings of the rules."""

from __future__ import annotations

from collections.abc import Iterable

from meshctl.check import Rule, all_rules

_HEAD = """\
# Findings

<!-- Written by docs/generate.py from the docstrings of the rules: change those. -->

What `meshctl check` finds, by code. An error would surely fail in a cluster, and stops `meshctl start`; a warning is
probably wrong; a note may be meant.

**To ignore a finding** takes a reason. On the object, for several separated by commas or lines:

```yaml
metadata:
  annotations:
    meshctl.dev/ignore: "MSH260: the base image moves by design"
```

or in the project file, with `service` and `object` (`KIND/NAME`) as globs if it is only about some:

```yaml
check:
  ignore:
  - {code: MSH260, service: web, reason: the base image moves by design}
```
"""
_SECTIONS = {
    "0": "The project file",
    "1": "Templates",
    "2": "Kubernetes",
    "3": "Istio",
    "4": "The project",
    "5": "Istio and the Gateway API: who reaches whom",
}
_SEVERITIES = {"error": "error", "warning": "warning", "info": "note"}


def page() -> str:
    return "\n".join([_HEAD, *_contents(), *(line for rule in all_rules() for line in _rule(rule))]) + "\n"


def _contents() -> Iterable[str]:
    section = ""
    for rule in all_rules():
        if rule.code[3] != section:
            section = rule.code[3]
            yield from (f"**{_SECTIONS[section]}**", "", "| code | | |", "| --- | --- | --- |")
        yield f"| [{rule.code}](#{rule.code.lower()}) | {_SEVERITIES[rule.severity]} | {rule.title} |"
        if rule is _last_of(section):
            yield ""


def _last_of(section: str) -> Rule:
    return [rule for rule in all_rules() if rule.code[3] == section][-1]


def _rule(rule: Rule) -> Iterable[str]:
    yield from (f"## {rule.code}", "", f"**{rule.title}.** {_SEVERITIES[rule.severity].capitalize()}.", "")
    if rule.explanation:
        yield from (rule.explanation, "")
    if rule.aliases:
        yield from (f"Other tools call it {', '.join(f'`{alias}`' for alias in rule.aliases)}.", "")
    for verdict, text in rule.examples:
        words = "Found:" if verdict == "bad" else "Mended:"
        yield from (words, "", "```yaml", text.rstrip(), "```", "")
