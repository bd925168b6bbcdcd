"""What a rule does to headers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import VIRTUAL_SERVICE
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import texts
from meshctl.check.istio.virtual_services.parts import rule_name
from meshctl.check.node import Node
from meshctl.check.resource import Resource

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TEXT = r'(?:[^\\)"]|\\.)*'  # of an argument, where a backslash takes the next character as it is
_ARGUMENTS = rf'\( *(?:\[ *"|[^ \[]){_TEXT}(?:" *, *"{_TEXT})*(?:\)|" *\] *\)) *'
_PARSED = re.compile(rf"(?:[^%]|%%|%[^%(]+(?:{_ARGUMENTS})?%)*", re.DOTALL)
"""Literal text, %% and %VARIABLE%, %VARIABLE(argument)% or %VARIABLE(["a", "b"])%, as Envoy reads it."""
_AUTHORITY = frozenset({":authority", "host"})


@istio_rule("MSH319", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
def header_operations(service: Resource) -> Iterator[Fault]:
    """A change of headers that Envoy refuses.

    Names have no `:` in front, and nobody may remove Host or set it in a response. In a value `%` begins one of Envoy's
    variables, as in `%HOSTNAME%`; write `%%` for the sign itself. The authority is set in one place only.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - headers: {request: {set: {x-discount: "20%"}}}
            route: [{destination: {host: web}}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - headers: {request: {set: {x-discount: "20%%"}}}
            route: [{destination: {host: web}}]
    """
    for rule in service.spec["http"]:
        for changes in (rule["headers"], *(share["headers"] for share in rule["route"])):
            if changes:
                yield from _changes(changes)
        yield from _authorities(rule)


def _changes(changes: Node) -> Iterator[Fault]:
    for message in ("request", "response"):
        for operation in ("set", "add"):
            for name, value in changes[message][operation].children():
                yield from _name(value, name, authority=message == "request")
                if fault := _value_fault(value.text):
                    yield value.fault(fault)
        for item, name in texts(changes[message]["remove"]):
            yield from _name(item, name, authority=False)


def _name(node: Node, name: str, *, authority: bool) -> Iterator[Fault]:
    if not name:
        yield node.fault("the name of a header is empty", at_key=True)
    elif name.lower() in _AUTHORITY:
        if not authority:
            yield node.fault(f"{name} can be neither removed nor set in a response", at_key=True)
    elif name.startswith(":"):
        yield node.fault(f'"{name}" cannot be changed: its name begins with a colon', at_key=True)


def _value_fault(value: str) -> str:
    if _CONTROL.search(value):
        return "the value of a header has no control characters"
    if not _PARSED.fullmatch(value):
        return f'"%" begins a variable that does not end in "{value}"; write %% for the sign itself'
    return ""


def _authorities(rule: Node) -> Iterator[Fault]:
    """Places that set the authority after another one has."""
    places = [rule["rewrite"]["authority"]]
    for operation in ("set", "add"):
        for name, value in rule["headers"]["request"][operation].children():
            if name.lower() in _AUTHORITY:
                places.append(value)
    for place in [place for place in places if place.text][1:]:
        yield place.fault(f"{rule_name(rule)} sets the authority in two places; keep one")
