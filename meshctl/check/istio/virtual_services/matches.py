"""Which requests a rule is for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import VIRTUAL_SERVICE
from meshctl.check.istio.names import is_label
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import labels, port_fault, string_match
from meshctl.check.istio.virtual_services.parts import gateways, is_for_mesh, matches
from meshctl.check.node import Node
from meshctl.check.resource import Resource

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_PSEUDO_HEADERS = frozenset({":method", ":scheme", ":authority", ":path", ":status"})
_CLAIM = re.compile(r"@request\.auth\.claims(\.[^\[\]]+|(\[[^\[\]]+\])+)", re.ASCII)
_MISTAKEN_HEADERS = ("uri", "scheme", "method", "authority")
_BY_NAME = ("headers", "withoutHeaders", "queryParams")


def is_claim(name: str) -> bool:
    """Whether a header's name stands for a claim of a token."""
    return bool(_CLAIM.fullmatch(name))


@istio_rule("MSH316", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
def string_matches(service: Resource) -> Iterator[Fault]:
    """A text to match that Envoy refuses: a wrong regular expression, an empty prefix.

    Regular expressions are those of RE2, which has no look-around and no back-references, and match the whole text.
    They have at most 1024 bytes. Only a path may have an empty prefix.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{match: [{uri: {regex: "/(?!admin).*"}}], route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{match: [{uri: {regex: "/shop/[a-z]+"}}], route: [{destination: {host: web}}]}]
    """
    for match in matches(service):
        yield from string_match(match["uri"], empty_prefix=True)
        for field in ("scheme", "method", "authority"):
            yield from string_match(match[field])
        for field in _BY_NAME:
            for _, wanted in match[field].children():
                if field != "withoutHeaders" or wanted["regex"].value != "*":
                    yield from string_match(wanted)
    for rule in service.spec["http"]:
        for origin in rule["corsPolicy"]["allowOrigins"]:
            yield from string_match(origin)


@istio_rule("MSH317", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
def match_attributes(service: Resource) -> Iterator[Fault]:
    """A match by something that cannot be: the name of a header, a port, a label, a namespace.

    Claims of a token (`@request.auth.claims.…`) can be matched by gateways only, for a sidecar has not read the token.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{match: [{headers: {"x user": {exact: anna}}}], route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{match: [{headers: {x-user: {exact: anna}}}], route: [{destination: {host: web}}]}]
    """
    for match in matches(service):
        for field in ("headers", "withoutHeaders"):
            for name, wanted in match[field].children():
                yield from _header(service, name, wanted)
        if match["port"] and (fault := port_fault(match["port"].number or 0)):
            yield match["port"].fault(fault)
        namespace = match["sourceNamespace"]
        if namespace.text and not is_label(namespace.text):
            yield namespace.fault(f'"{namespace.text}" is no name of a namespace')
        yield from labels(match["sourceLabels"])


def _header(service: Resource, name: str, wanted: Node) -> Iterator[Fault]:
    if not wanted and wanted.path[-2] == "headers":
        yield wanted.fault(f"nothing to compare {name} with, so this matches every request", "write {} for any value")
    if is_claim(name):
        if is_for_mesh(service):
            where = ", ".join(gateways(service))
            yield wanted.fault(f"claims of a token can be matched by gateways only, not by {where}", at_key=True)
    elif name not in _PSEUDO_HEADERS and not _TOKEN.fullmatch(name):
        yield wanted.fault(f'"{name}" is no name of a header', at_key=True)


@istio_rule("MSH318", "warning", VIRTUAL_SERVICE)
def never_matches(service: Resource) -> Iterator[Fault]:
    """A match that no request fulfils.

    A path is matched without its query: that is what queryParams are for. `withoutHeaders` with a regular expression
    that takes everything excludes all requests. Under `headers`, `uri` and the like are headers of that name.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{match: [{uri: {exact: "/find?kind=book"}}], route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - match: [{uri: {exact: /find}, queryParams: {kind: {exact: book}}}]
            route: [{destination: {host: web}}]
    """
    for match in matches(service):
        for kind in ("exact", "prefix"):
            path = match["uri"][kind]
            if "?" in path.text:
                yield path.fault(f'no path has a query, so "{path.text}" matches none', "match by queryParams")
            elif path.text and not path.text.startswith("/"):
                yield path.fault(f'every path begins with /, so "{path.text}" matches none')
        for name, wanted in match["withoutHeaders"].children():
            if wanted["regex"].value == ".*":
                message = f'withoutHeaders {name} with regex ".*" matches no request, not even one without the header'
                yield wanted.fault(message, "write {} for any value")
        for name in _MISTAKEN_HEADERS:
            if name in match["headers"].mapping:
                message = f'this looks for a header called "{name}"'
                yield match["headers"][name].fault(message, f"{name} stands beside headers", at_key=True)
