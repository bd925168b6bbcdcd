"""Istio's objects. istiod writes a status only when it is told to (PILOT_ENABLE_STATUS, PILOT_ENABLE_ANALYSIS)."""

from __future__ import annotations

from meshctl.readiness.generic import ready_condition
from meshctl.readiness.verdict import Object, Readiness, condition, entries, failed, in_progress, reason_of, text

_ERROR = ("ERROR", "Error", 3)  # the enum by name, as Istio's own tools print it, and by number


def istio(obj: Object) -> Readiness:
    """Failed when Istio's analysis found an error, InProgress while proxies lack the object."""
    for message in entries(obj, "status", "validationMessages"):
        if message.get("level") in _ERROR:
            return _finding(message)
    analysis = condition(obj, "PassedAnalysis")
    if analysis.get("status") == "False":
        return failed("IstioAnalysis", f"Istio's analysis found an error: {reason_of(analysis) or 'unnamed'}")
    reconciled = condition(obj, "Reconciled")
    if reconciled.get("status") == "False":
        return in_progress(f"waiting for the proxies: {reason_of(reconciled) or 'not all have it'}")
    return ready_condition(obj)


def _finding(message: Object) -> Readiness:
    """istiod writes `type: {code, name}` and no text; `istioctl analyze` and its documentation `code` and `message`."""
    code = text(message, "type", "code") or text(message, "code")
    said = text(message, "message") or text(message, "type", "name") or text(message, "documentationUrl")
    return failed(code or "IstioAnalysis", f"Istio's analysis found an error: {' '.join(filter(None, (code, said)))}")
