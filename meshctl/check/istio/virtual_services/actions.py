"""What a rule does to requests beside sending them on: fault, retry, redirect, rewrite, answer, CORS."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from meshctl.check.finding import Fault
from meshctl.check.istio.kinds import VIRTUAL_SERVICE
from meshctl.check.istio.rules import istio_rule
from meshctl.check.istio.values import percentage, precision_fault
from meshctl.check.istio.virtual_services.parts import rule_name
from meshctl.check.node import Node
from meshctl.check.resource import Resource
from meshctl.errors import did_you_mean

_SMALLEST_PERCENTAGE = 0.0001  # Envoy counts in millionths


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


_STATUS_CODES = frozenset(str(status.value) for status in HTTPStatus)


@istio_rule("MSH320", "error", VIRTUAL_SERVICE, aliases=("IST0106", "IST0133"))
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
            yield from _percentage(share, smallest=0)
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


def _percentage(node: Node, *, smallest: float = _SMALLEST_PERCENTAGE) -> Iterator[Fault]:
    value = percentage(node)
    if value and not smallest <= value <= 100:
        yield node.fault(f"{value:g} is no percentage from {smallest} to 100" + (", nor 0" if smallest else ""))


def _aborted(abort: Node) -> Iterator[Fault]:
    http, grpc = abort["httpStatus"], abort["grpcStatus"]
    if abort["http2Error"]:
        yield abort["http2Error"].fault("Istio cannot abort with an HTTP/2 error", at_key=True)
    elif http.number is not None:
        yield from status(http)
    elif grpc:
        if grpc.text not in GRPC_STATUSES:
            yield grpc.fault(f'gRPC has no status "{grpc.text}"', did_you_mean(grpc.text, GRPC_STATUSES))
    else:
        yield abort.fault("it aborts, but does not say with which status", "give it httpStatus", severity="warning")


def status(node: Node) -> Iterator[Fault]:
    if node.number is not None and not 200 <= node.number <= 600:
        yield node.fault(f"an HTTP status is from 200 to 600, not {node.number}")


@istio_rule("MSH321", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
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


@istio_rule("MSH322", "error", VIRTUAL_SERVICE, aliases=("IST0106",))
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
        for node in (rule["timeout"], rule["retries"]["perTryTimeout"], rule["retries"]["backoff"], delay, age):
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
