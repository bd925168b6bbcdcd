"""What a rule does in place of a service, and to paths and browsers: redirect, rewrite, direct response, CORS."""

from __future__ import annotations

import re
from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import VIRTUAL_SERVICE
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import port_fault, regex_fault, texts
from meshctl.check.istio.virtual_services.actions import status
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.errors import did_you_mean

_LARGEST_BODY = 1024 * 1024


_LARGE_BODY = 100 * 1024


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"]


_REDIRECTS = frozenset({301, 302, 303, 307, 308})


_HEADER_NAME = re.compile(r"[-_A-Za-z0-9]+|\*", re.ASCII)


@istio_rule("MSH323", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
def redirect(service: Resource) -> Iterator[Fault]:
    """A redirect to nowhere, or with a status that is none.

    It names at least one of uri, authority, scheme and port; the status is 301, 302, 303, 307 or 308.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{redirect: {uri: /new, redirectCode: 200}}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{redirect: {uri: /new, redirectCode: 302}}]
    """
    for rule in service.spec["http"]:
        if not (target := rule["redirect"]):
            continue
        if not any(target[field].value for field in _REDIRECT_FIELDS):
            yield target.fault("it redirects to nowhere", "name a uri, authority, scheme or port")
        code, scheme, port = target["redirectCode"], target["scheme"], target["port"]
        if code.number and code.number not in _REDIRECTS:
            is_3xx = 300 <= code.number <= 399
            message = f"{code.number} is no status of a redirect"
            yield code.fault(message, "302 is the usual one", severity="warning" if is_3xx else None)
        if scheme.text and scheme.text not in ("http", "https"):
            yield scheme.fault(f'the scheme is http or https, not "{scheme.text}"')
        if port.number and (fault := port_fault(port.number)):
            yield port.fault(fault)


_REDIRECT_FIELDS = ("uri", "authority", "scheme", "port", "derivePort", "prefixRewrite")


@istio_rule("MSH324", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
def rewrite(service: Resource) -> Iterator[Fault]:
    """A rewrite that says nothing, or two things at once.

    It sets the authority, the path by `uri`, or the path by `uriRegexRewrite`, which needs `match`, a regular
    expression of RE2, and `rewrite`.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{rewrite: {}, route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{match: [{uri: {prefix: /old}}], rewrite: {uri: /new}, route: [{destination: {host: web}}]}]
    """
    for rule in service.spec["http"]:
        if not (change := rule["rewrite"]):
            continue
        uri, pattern = change["uri"], change["uriRegexRewrite"]
        if uri.text and pattern:
            yield pattern.fault("the path is rewritten by uri and by uriRegexRewrite; keep one", at_key=True)
        if not uri.text and not pattern and not change["authority"].text:
            yield change.fault("it rewrites nothing", "set uri, uriRegexRewrite or authority")
        if pattern:
            yield from _pattern(pattern)


def _pattern(pattern: Node) -> Iterator[Fault]:
    for field in ("match", "rewrite"):
        if not pattern[field].text:
            yield pattern.fault(f"uriRegexRewrite needs {field}")
    if pattern["match"].text and (fault := regex_fault(pattern["match"].text)):
        yield pattern["match"].fault(fault)


@istio_rule("MSH325", "error", VIRTUAL_SERVICE, aliases=("IST0106", "IST0133"))
def direct_response(service: Resource) -> Iterator[Fault]:
    """An answer without a service that Istio refuses.

    The status is from 200 to 600; a body of more than 1 MB is refused, one of more than 100 kB weighs on the control
    plane.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{directResponse: {status: 99}}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{directResponse: {status: 503, body: {string: "We are back at ten"}}}]
    """
    for rule in service.spec["http"]:
        if not (answer := rule["directResponse"]):
            continue
        yield from status(answer["status"])
        for form in ("string", "bytes"):
            body = answer["body"][form]
            size = len(body.text.encode()) if form == "string" else len(body.text) * 3 // 4
            if size > _LARGEST_BODY:
                yield body.fault(f"a body of {size} bytes is more than Istio takes, 1 MB")
            elif size > _LARGE_BODY:
                yield body.fault(f"a body of {size} bytes weighs on the control plane", severity="warning")


@istio_rule("MSH326", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
def cors(service: Resource) -> Iterator[Fault]:
    """A CORS policy that Istio refuses.

    Methods are written in capitals, or all are meant by `*`; names of headers are names of headers or `*`; and an
    origin says what to match.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{corsPolicy: {allowMethods: [get]}, route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{corsPolicy: {allowMethods: [GET]}, route: [{destination: {host: web}}]}]
    """
    for rule in service.spec["http"]:
        if not (policy := rule["corsPolicy"]):
            continue
        for node, method in texts(policy["allowMethods"]):
            if method not in (*METHODS, "*"):
                yield node.fault(f'HTTP has no method "{method}"', did_you_mean(method, METHODS))
        for field in ("allowHeaders", "exposeHeaders"):
            for node, name in texts(policy[field]):
                if not _HEADER_NAME.fullmatch(name):
                    yield node.fault(f'"{name}" is no name of a header')
        for origin in policy["allowOrigins"]:
            if not any(origin[kind].value for kind in ("exact", "prefix", "regex")):
                yield origin.fault("this origin says not what to match", 'write {exact: "https://…"}')
