"""Mixer's match expressions, as far as an AuthorizationPolicy can say the same: a conjunction of equalities."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_CLAUSE = re.compile(
    r"\(?\s*(?P<attribute>[a-z.]+)(?:\[\"(?P<key>[^\"]+)\"\])?\s*(?:\|\s*\"\"\s*)?\)?\s*==\s*\"(?P<value>[^\"]*)\""
)
_STRINGS = re.compile(r"\"[^\"]*\"")
_SPIFFE = "spiffe://"


class Inexpressible(Exception):
    """What no policy can say, with the reason."""


@dataclass
class Condition:
    """What a match asks for; `destination_service` is a host."""

    destination_labels: dict[str, str] = field(default_factory=dict)
    source_labels: dict[str, str] = field(default_factory=dict)
    destination_service: str = ""
    source: dict[str, list[str]] = field(default_factory=dict)
    operation: dict[str, list[str]] = field(default_factory=dict)
    when: list[dict[str, Any]] = field(default_factory=list)

    def rule(self) -> dict[str, Any]:
        """The rule of an AuthorizationPolicy; an empty one matches every request."""
        found: dict[str, Any] = {}
        if self.source:
            found["from"] = [{"source": self.source}]
        if self.operation:
            found["to"] = [{"operation": self.operation}]
        if self.when:
            found["when"] = self.when
        return found


def parse(match: str) -> Condition:
    """Raises Inexpressible."""
    condition = Condition()
    for clause in _clauses(match):
        found = _CLAUSE.fullmatch(clause)
        if not found:
            raise Inexpressible(f"{clause}: only equalities can be carried over")
        _add(condition, found["attribute"], found["key"] or "", found["value"], clause)
    return condition


def _clauses(match: str) -> Iterator[str]:
    bare = _STRINGS.sub('""', match)
    if "||" in bare or re.search(r"!", bare):
        raise Inexpressible(f"{match}: an alternative or a negation")
    for clause in match.split("&&"):
        if text := clause.strip():
            yield text


def _add(condition: Condition, attribute: str, key: str, value: str, clause: str) -> None:
    if attribute == "destination.labels" and key:
        condition.destination_labels[key] = value
    elif attribute == "source.labels" and key:
        condition.source_labels[key] = value
    elif attribute in ("destination.service", "destination.service.host", "destination.service.name"):
        condition.destination_service = value
    elif attribute in ("source.user", "source.principal"):
        condition.source["principals"] = [value.removeprefix(_SPIFFE)]
    elif attribute == "source.namespace":
        condition.source["namespaces"] = [value]
    elif attribute == "request.headers" and key:
        condition.when.append({"key": f"request.headers[{key}]", "values": [value]})
    elif attribute in ("request.path", "request.url_path"):
        condition.operation["paths"] = [value]
    elif attribute == "request.method":
        condition.operation["methods"] = [value]
    else:
        raise Inexpressible(f"{clause}: no policy knows {attribute}")
