"""When a service counts as up, beyond ready: what its `wait.for`, or `wait --for`, makes of its objects. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from meshctl import expression
from meshctl.errors import UsageError
from meshctl.identity import ObjectRef
from meshctl.readiness import Readiness, State, readiness
from meshctl.readiness.verdict import Object, conditions, generation, reason_of, text

READY, APPLIED, DELETED = "ready", "applied", "deleted"
CONDITION, CEL = "condition=", "cel="

_FORMS = re.compile(r"ready|applied|deleted?|condition=[^=\s]+(=[^=\s]+)?|cel=(.|\s)+")

Live = Mapping[ObjectRef, Mapping[str, Any] | None]  # None for an object that is not there
Unready = tuple[ObjectRef, Readiness]


def parse(text_of: str) -> str:
    """A goal as it is typed; kubectl's word `delete` is `deleted`. Raises UsageError, and ConfigError for bad CEL."""
    if not _FORMS.fullmatch(text_of):
        forms = "ready, applied, condition=TYPE[=STATUS], cel=EXPRESSION or deleted"
        raise UsageError(f"--for {text_of}: nothing of that kind can be waited for", suggestion=f"write {forms}")
    if text_of.startswith(CEL):
        expression.check(text_of.removeprefix(CEL))
    return DELETED if text_of == "delete" else text_of


def unmet(goal: str, live: Live) -> list[Unready]:
    """What keeps objects from the goal: `ready`, `applied`, `condition=TYPE[=STATUS]` or `cel=EXPRESSION`."""
    if goal == APPLIED:
        return []
    if goal.startswith(CONDITION):
        kind, _, status = goal.removeprefix(CONDITION).partition("=")
        return _without_condition(live, kind, status or "True")
    if goal.startswith(CEL):
        return _against(live, goal.removeprefix(CEL))
    verdicts = ((ref, readiness(body)) for ref, body in live.items())
    return [(ref, verdict) for ref, verdict in verdicts if verdict.state is not State.CURRENT]


def _without_condition(live: Live, kind: str, status: str) -> list[Unready]:
    """Every object that has the condition must have it with this status, and one at least must have it.

    As `kubectl wait` has it: letters' case does not matter, and what was said of an older spec does not count.
    """
    stated = [(ref, body, each) for ref, body in live.items() if body and (each := _condition(body, kind))]
    if not stated:
        return _nobody(live, f"waiting for a condition {kind}")
    return [
        (ref, _waiting(f"waiting for {kind}={status}: {reason_of(each) or text(each, 'status') or 'not yet'}"))
        for ref, body, each in stated
        if text(each, "status").lower() != status.lower() or _is_old(body, each)
    ]


def _condition(body: Object, kind: str) -> Object:
    return next((each for each in conditions(body) if text(each, "type").lower() == kind.lower()), {})


def _is_old(body: Object, found: Object) -> bool:
    wanted = generation(body, "metadata", "generation")
    observed = generation(found, "observedGeneration") or generation(body, "status", "observedGeneration")
    return None not in (wanted, observed) and observed != wanted


def _against(live: Live, text_of: str) -> list[Unready]:
    """The expression must hold of every object of which it can be told, and of one at least."""
    answers = {ref: expression.holds(text_of, body) for ref, body in live.items() if body is not None}
    against = [ref for ref, answer in answers.items() if answer is False]
    if against or any(answer is True for answer in answers.values()):
        return [(ref, _waiting(f"waiting for {text_of}")) for ref in against]
    said = [answer for answer in answers.values() if isinstance(answer, str)] or ["no object is there"]
    return _nobody(live, f"waiting for {text_of}: {said[-1]}")


def _nobody(live: Live, message: str) -> list[Unready]:
    """Told of the object that was applied last: what is waited for most often comes after the rest."""
    return [(ref, _waiting(message)) for ref in tuple(live)[-1:]]


def _waiting(message: str) -> Readiness:
    return Readiness(State.IN_PROGRESS, message)
