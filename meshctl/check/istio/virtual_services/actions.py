"""What a rule does to requests beside sending them on: fault, retry, redirect, rewrite, answer, CORS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import VIRTUAL_SERVICE
from meshctl.check.istio.values import percentage, port_fault, precision_fault, regex_fault, texts
from meshctl.check.istio.virtual_services.parts import rule_name
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.check.rules import object_rule
from meshctl.errors import did_you_mean

_SMALLEST_PERCENTAGE = 0.0001  # Envoy counts in millionths
_LARGEST_BODY = 1024 * 1024
_LARGE_BODY = 100 * 1024

GRPC_STATUSES = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]
RETRY_POLICIES = [
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "retriable-headers",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"]
_STATUS_CODES = frozenset(str(status.value) for status in HTTPStatus)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADER_NAME = re.compile(r"[-_A-Za-z0-9]+|\*", re.ASCII)


@object_rule("MSH320", "error", VIRTUAL_SERVICE, aliases=("IST0106", "IST0133"))
def injected_faults(service: Resource) -> Iterator[Fault]:
    """An injected fault, or a share of mirrored requests, that cannot be.

    A fault is a delay, an abort or both. Percentages go from 0 to 100, in steps of 0.0001. An abort answers with an
    HTTP status of 200 to 600, or with the name of a gRPC status.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - fault: {abort: {httpStatus: 5000, percentage: {value: 10}}}
            route: [{destination: {host: web}}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http:
          - fault: {abort: {httpStatus: 500, percentage: {value: 10}}}
            route: [{destination: {host: web}}]
    """
    for rule in service.spec["http"]:
        if fault := rule["fault"]:
            yield from _injected(rule, fault)
        for share in (rule["mirrorPercentage"], *(mirror["percentage"] for mirror in rule["mirrors"])):
            yield from _percentage(share)
        if (rule["mirrorPercent"].number or 0) > 100:
            yield rule["mirrorPercent"].fault(f"more than all requests: {rule['mirrorPercent'].number} %")


def _injected(rule: Node, fault: Node) -> Iterator[Fault]:
    delay, abort = fault["delay"], fault["abort"]
    if not delay and not abort:
        yield fault.fault(f"the fault of {rule_name(rule)} is neither a delay nor an abort")
    for part in (delay, abort):
        yield from _percentage(part["percentage"])
    if delay["exponentialDelay"]:
        yield delay["exponentialDelay"].fault("Istio has no exponential delay", "write fixedDelay", at_key=True)
    if abort:
        yield from _aborted(abort)


def _percentage(node: Node) -> Iterator[Fault]:
    value = percentage(node)
    if value is not None and value and not _SMALLEST_PERCENTAGE <= value <= 100:
        yield node.fault(f"{value:g} is no percentage from {_SMALLEST_PERCENTAGE} to 100, nor 0")


def _aborted(abort: Node) -> Iterator[Fault]:
    http, grpc = abort["httpStatus"], abort["grpcStatus"]
    if abort["http2Error"]:
        yield abort["http2Error"].fault("Istio cannot abort with an HTTP/2 error", at_key=True)
    elif http.number is not None:
        yield from _status(http)
    elif grpc.text:
        if grpc.text not in GRPC_STATUSES:
            yield grpc.fault(f'gRPC has no status "{grpc.text}"', did_you_mean(grpc.text, GRPC_STATUSES))
    else:
        yield abort.fault("it aborts, but does not say with which status", "give it httpStatus", severity="warning")


def _status(node: Node) -> Iterator[Fault]:
    if node.number is not None and not 200 <= node.number <= 600:
        yield node.fault(f"an HTTP status is from 200 to 600, not {node.number}")


@object_rule("MSH321", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
def retries(service: Resource) -> Iterator[Fault]:
    """Retries that Istio refuses.

    `retryOn` is a list with commas and no blanks of Envoy's policies and of HTTP status codes. With 0 attempts there is
    nothing else to say of retries.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{retries: {attempts: 3, retryOn: "5xx, reset"}, route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{retries: {attempts: 3, retryOn: "5xx,reset"}, route: [{destination: {host: web}}]}]
    """
    for rule in service.spec["http"]:
        if not (policy := rule["retries"]):
            continue
        attempts = policy["attempts"].number or 0
        if attempts < 0:
            yield policy["attempts"].fault(f"there cannot be {attempts} attempts")
        for field in ("perTryTimeout", "retryOn", "retryRemoteLocalities"):
            if not attempts and policy[field]:
                message = f"{field} has no place beside 0 attempts, which is no retry at all"
                yield policy[field].fault(message, "set attempts", at_key=True)
        yield from _retry_on(policy["retryOn"])


def _retry_on(node: Node) -> Iterator[Fault]:
    for policy in node.text.split(",") if node.text else ():
        if policy in RETRY_POLICIES or policy in _STATUS_CODES:
            continue
        stripped = policy.strip()
        known = stripped in RETRY_POLICIES or stripped in _STATUS_CODES
        advice = "leave the blanks out" if known else did_you_mean(stripped, RETRY_POLICIES)
        yield node.fault(f'"{policy}" is no policy of retryOn', advice)


@object_rule("MSH322", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
def durations(service: Resource) -> Iterator[Fault]:
    """A duration that is finer than Istio counts.

    Timeouts and delays are whole milliseconds; how long a browser may keep a CORS answer is whole seconds.

        # bad
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{timeout: 1.0005s, route: [{destination: {host: web}}]}]
        # good
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web}
        spec:
          hosts: [web]
          http: [{timeout: 1.5s, route: [{destination: {host: web}}]}]
    """
    for rule in service.spec["http"]:
        delay = rule["fault"]["delay"]["fixedDelay"]
        age = rule["corsPolicy"]["maxAge"]
        for node in (rule["timeout"], rule["retries"]["perTryTimeout"], delay, age):
            if node.text and (fault := precision_fault(node.text)):
                yield node.fault(fault)
        if age.text and not precision_fault(age.text) and _has_milliseconds(age.text):
            yield age.fault(f'maxAge is whole seconds, not "{age.text}"')


def _has_milliseconds(duration: str) -> bool:
    from meshctl.config.durations import parse_duration

    try:
        return bool(parse_duration(duration) % 1)
    except ValueError:
        return False


@object_rule("MSH323", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
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


@object_rule("MSH324", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
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


@object_rule("MSH325", "error", VIRTUAL_SERVICE, aliases=("IST0106", "IST0133"))
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
        yield from _status(answer["status"])
        for form in ("string", "bytes"):
            body = answer["body"][form]
            size = len(body.text.encode()) if form == "string" else len(body.text) * 3 // 4
            if size > _LARGEST_BODY:
                yield body.fault(f"a body of {size} bytes is more than Istio takes, 1 MB")
            elif size > _LARGE_BODY:
                yield body.fault(f"a body of {size} bytes weighs on the control plane", severity="warning")


@object_rule("MSH326", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
def cors(service: Resource) -> Iterator[Fault]:
    """A CORS policy that Istio refuses.

    Methods are written in capitals, names of headers are names of headers or `*`, and an origin says what to match.

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
            if method not in METHODS:
                yield node.fault(f'HTTP has no method "{method}"', did_you_mean(method, METHODS))
        for field in ("allowHeaders", "exposeHeaders"):
            for node, name in texts(policy[field]):
                if not _HEADER_NAME.fullmatch(name):
                    yield node.fault(f'"{name}" is no name of a header')
        for origin in policy["allowOrigins"]:
            if not any(origin[kind].value for kind in ("exact", "prefix", "regex")):
                yield origin.fault("this origin says not what to match", 'write {exact: "https://…"}')
