"""From an answer of the API server to an error of ours: what was asked, why not, and what to do next.

The class follows the HTTP status, except where admission refuses (Invalid), as each webhook chooses its own status; the
code says why. What the server says is shortened where it prints whole objects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from meshctl.errors import (
    ClusterError,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NoSuchKind,
    NotFound,
    Overloaded,
    Unauthorized,
)

LONGEST = 300  # characters of what the server said about one field
MOST_CAUSES = 5

_CLASSES: dict[int, type[ClusterError]] = {
    400: Invalid, 401: Unauthorized, 403: Forbidden, 404: NotFound, 405: Invalid, 409: Conflict, 410: Gone,
    413: Invalid, 415: Invalid, 422: Invalid, 429: Overloaded,
}  # fmt: skip
_UNKNOWN_RESOURCE = "the server could not find the requested resource"
_IMMUTABLE = re.compile(
    r"immutable|may not (change|be changed|update)|cannot change roleRef|updates to .* are forbidden|pod updates"
)
_UNDECLARED = re.compile(
    r"(?P<path>\.[\w.\[\]\"=,/-]+): field not declared in schema|unknown field \"(?P<name>[^\"]+)\""
)
_WRONG_TYPE = re.compile(r"failed to create typed patch object \([^)]*\): (?P<why>.*)", re.DOTALL)
_WEBHOOK = re.compile(
    r'admission webhook "(?P<name>[^"]+)" denied the request(?: without explanation|: (?P<why>.*))?', re.DOTALL
)
_WEBHOOK_DOWN = re.compile(r'failed calling webhook "(?P<name>[^"]+)": (?P<why>.*)', re.DOTALL)
_POLICY = re.compile(r"ValidatingAdmissionPolicy '(?P<name>[^']+)'.* denied request: (?P<why>.*)", re.DOTALL)
_POD_SECURITY = re.compile(r'violates (?P<name>PodSecurity "[^"]+"): (?P<why>.*)', re.DOTALL)
_RIGHT = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)
_MANAGER = re.compile(r'conflict with "(?P<manager>[^"]+)"')


@dataclass(frozen=True)
class Operation:
    """What was asked, in words and as a right: "apply", "Deployment web in dev-anna"."""

    verb: str
    what: str
    api_version: str = ""
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.what}"


def failure(operation: Operation, status: int, body: bytes, headers: Mapping[str, str]) -> ClusterError:
    """The error of an answer whose status is 400 or more, or of a watch's ERROR event."""
    answer = _status_object(body)
    said = str(answer.get("message") or "") or _plain(body) or _bare(status, headers)
    refusal = _Refusal(operation, status, said, answer)
    for explain in (_unknown_kind, _admission, _namespace_gone, _rights, _conflict, _schema, _validation, _too_busy):
        if error := explain(refusal):
            break
    else:
        error = refusal.error(shorten(said), code=str(answer.get("reason") or ""))
    if isinstance(error, Overloaded):
        error.retry_after = _retry_after(headers, answer)
    return error


@dataclass(frozen=True)
class _Refusal:
    """An answer that says no, as the explanations below read it."""

    operation: Operation
    status: int
    said: str
    answer: Mapping[str, Any]

    @property
    def causes(self) -> list[Mapping[str, Any]]:
        return [cause for cause in (self.answer.get("details") or {}).get("causes") or [] if isinstance(cause, dict)]

    def error(
        self, why: str, *, code: str = "", suggestion: str = "", kind: type[ClusterError] | None = None
    ) -> ClusterError:
        kind = kind or _CLASSES.get(self.status) or (Overloaded if self.status >= 500 else ClusterError)
        message = f"cannot {self.operation}: {why}"
        return kind(message, code=code, suggestion=suggestion, status=self.status, details=dict(self.answer))


def no_such_kind(api_version: str, kind: str, operation: Operation | None = None, *, near: str = "") -> NoSuchKind:
    group = api_version.rpartition("/")[0]
    message = f"the server knows no kind {kind} in {api_version}"
    suggestion = f"did you mean {near}?" if near else "`kubectl api-resources` lists what it knows"
    if "." in group and not group.endswith(".k8s.io") and not near:
        message += "; its CustomResourceDefinition is not installed"
        suggestion = "install it first"
        if group.endswith(".istio.io"):
            suggestion = "install Istio (`istioctl install`), or its definitions alone (its chart `base`)"
    return NoSuchKind(f"cannot {operation}: {message}" if operation else message, suggestion=suggestion, status=404)


def _unknown_kind(refusal: _Refusal) -> ClusterError | None:
    """A path that the server does not serve: a Status without a name, or plain text.

    Of a log the plain text is the kubelet's, about a pod that has just gone.
    """
    operation = refusal.operation
    named = refusal.answer and not refusal.said.startswith(_UNKNOWN_RESOURCE)
    if refusal.status != 404 or named or not operation.kind or operation.verb == "read":
        return None
    return no_such_kind(operation.api_version, operation.kind, operation)


def _admission(refusal: _Refusal) -> ClusterError | None:
    if found := _WEBHOOK_DOWN.search(refusal.said):
        why = f"the webhook {found['name']} does not answer: {shorten(found['why'])}"
        hint = "start what serves it; `kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations`"
        error = refusal.error(why, code="WebhookUnavailable", suggestion=hint, kind=Overloaded)
        if isinstance(error, Overloaded):
            error.webhook = found["name"]
        return error
    if found := _WEBHOOK.search(refusal.said):
        why = f"the webhook {found['name']} refused it: {shorten(found['why'] or 'without a reason')}"
        return refusal.error(why, code="AdmissionDenied", kind=Invalid)
    if found := _POLICY.search(refusal.said):
        why = f"the policy {found['name']} refused it: {shorten(found['why'])}"
        return refusal.error(why, code="AdmissionDenied", kind=Invalid)
    if found := _POD_SECURITY.search(refusal.said):
        return refusal.error(
            f"{found['name']} refused it: {shorten(found['why'])}", code="AdmissionDenied", kind=Invalid
        )
    return None


def _rights(refusal: _Refusal) -> ClusterError | None:
    """403 is also how quotas refuse; what is left are rights that are missing."""
    if refusal.status == 401:
        hint = "the token may have expired: log in to the cluster again"
        return refusal.error("the server does not accept the credentials", suggestion=hint)
    if refusal.status != 403:
        return None
    _, _, reason = refusal.said.partition(" is forbidden: ")
    if re.match(r"(exceeded|failed) quota", reason):
        hint = "`kubectl describe resourcequota` shows what is used"
        return refusal.error(shorten(reason), code="QuotaExceeded", suggestion=hint)
    if found := _RIGHT.search(refusal.said):
        return refusal.error(_missing_right(found), suggestion=_ask_for(found))
    return refusal.error(shorten(reason or refusal.said))


def _missing_right(found: re.Match[str]) -> str:
    place = f"in {found['namespace']}" if found["namespace"] else "in the whole cluster"
    return f"{found['user'] or 'nobody'} may not {found['verb']} {_resource(found)} {place}"


def _ask_for(found: re.Match[str]) -> str:
    role, flag = ("Role", f" -n {found['namespace']}") if found["namespace"] else ("ClusterRole", "")
    check = f"kubectl auth can-i {found['verb']} {_resource(found)}{flag}"
    return f"ask for a {role} with the verb {found['verb']}, then check: {check}"


def _resource(found: re.Match[str]) -> str:
    plural, _, subresource = found["resource"].partition("/")
    named = f"{plural}.{found['group']}" if found["group"] else plural
    return f"{named}/{subresource}" if subresource else named


def _namespace_gone(refusal: _Refusal) -> ClusterError | None:
    details = refusal.answer.get("details") or {}
    if any(cause.get("reason") == "NamespaceTerminating" for cause in refusal.causes):
        name = next(
            (str(cause.get("message")) for cause in refusal.causes if cause.get("message")), "it is terminating"
        )
        hint = "wait until it is gone, then try again"
        return refusal.error(name, code="NamespaceTerminating", suggestion=hint)
    if refusal.status == 404 and details.get("kind") == "namespaces" and refusal.operation.kind != "Namespace":
        return refusal.error(f"there is no namespace {details.get('name')}", code="NamespaceNotFound")
    return None


def _conflict(refusal: _Refusal) -> ClusterError | None:
    if refusal.status != 409:
        return None
    fields = tuple(_contested(refusal.causes))
    if not fields:
        return refusal.error(shorten(refusal.said), code=str(refusal.answer.get("reason") or ""))
    listed = ", ".join(f"{field} ({manager})" for field, manager in fields[:MOST_CAUSES])
    more = f" and {len(fields) - MOST_CAUSES} more" if len(fields) > MOST_CAUSES else ""
    why = f"other managers own {'this field' if len(fields) == 1 else 'these fields'}: {listed}{more}"
    error = refusal.error(why, suggestion="take them with --force-conflicts, or leave them out of the template")
    if isinstance(error, Conflict):
        error.fields = fields
    return error


def _contested(causes: list[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for cause in causes:
        if cause.get("reason") == "FieldManagerConflict":
            found = _MANAGER.search(str(cause.get("message") or ""))
            yield str(cause.get("field") or "").lstrip("."), found["manager"] if found else "someone else"


def _schema(refusal: _Refusal) -> ClusterError | None:
    """Fields that the kind does not have, or of the wrong type. An apply is refused for both with 500."""
    unknown = [(found["path"] or found["name"]).lstrip(".") for found in _UNDECLARED.finditer(refusal.said)]
    if unknown and refusal.status in (400, 422, 500):
        fields = ", ".join(dict.fromkeys(unknown))
        parent = re.sub(r"\[[^\]]*\]", "", unknown[0]).rpartition(".")[0]
        path = ".".join(part for part in (refusal.operation.kind.lower(), parent) if part)
        hint = f"`kubectl explain {path}` lists what there is"
        why = f"there {'is no field' if len(set(unknown)) == 1 else 'are no fields'} {fields}"
        return refusal.error(why, suggestion=hint, kind=Invalid)
    if "illegal base64 data" in refusal.said:
        hint = "what is under data has to be base64; stringData takes texts as they are"
        return refusal.error("a value of its data is no base64", suggestion=hint, kind=Invalid)
    if found := _WRONG_TYPE.search(refusal.said):
        return refusal.error(shorten(found["why"]).lstrip("."), kind=Invalid)
    return None


def _validation(refusal: _Refusal) -> ClusterError | None:
    if refusal.status != 422:
        return None
    causes = [_cause(cause) for cause in refusal.causes] or [shorten(refusal.said.partition(" is invalid: ")[2])]
    more = [f"and {len(causes) - MOST_CAUSES} more"] if len(causes) > MOST_CAUSES else []
    why = "; ".join([*causes[:MOST_CAUSES], *more])
    if _IMMUTABLE.search(refusal.said):
        hint = "a field that cannot change needs a new object: --replace deletes and makes it again"
        return refusal.error(why, code="ImmutableField", suggestion=hint)
    return refusal.error(why)


def _cause(cause: Mapping[str, Any]) -> str:
    field, said = str(cause.get("field") or ""), shorten(str(cause.get("message") or ""))
    return f"{field}: {said}" if field and field != "<nil>" else said


def _too_busy(refusal: _Refusal) -> ClusterError | None:
    if refusal.status == 429:
        return refusal.error(f"the server has too much to do: {shorten(refusal.said)}", suggestion="try again later")
    return None


def shorten(said: str) -> str:
    """Without the object that the server prints in the middle, and on one line."""
    line = re.sub(r"&value\.valueUnstructured\{Value:([^}]*)\}", r"\1", " ".join(said.split()))
    line = re.sub(r"Invalid value: [\[{\"].{80,}[\]}\"]: ", "", line)
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2].rstrip()} … {line[-LONGEST // 2 :].lstrip()}"


def _status_object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    is_status = isinstance(answer, dict) and (answer.get("kind") == "Status" or answer.get("status") == "Failure")
    return answer if is_status else {}


def _plain(body: bytes) -> str:
    """What is no Status comes from something in between: a proxy's page, of which the first line is enough."""
    text = body.decode("utf-8", "replace").strip()
    return "" if text.startswith("<") else text.partition("\n")[0]


def _bare(status: int, headers: Mapping[str, str]) -> str:
    if location := headers.get("Location"):
        return f"the server sends us on to {location}, which looks like a login page"
    return f"HTTP status {status}"


def _retry_after(headers: Mapping[str, str], answer: Mapping[str, Any]) -> float | None:
    given = headers.get("Retry-After") or (answer.get("details") or {}).get("retryAfterSeconds")
    try:
        return max(float(given), 0.0) if given is not None else None
    except ValueError:
        return None  # a date, which API servers never send
