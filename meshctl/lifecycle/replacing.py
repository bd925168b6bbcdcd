"""Objects with a field that cannot change: which of them may be deleted and made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meshctl.errors import Invalid, MeshctlError
from meshctl.identity import ObjectRef
from meshctl.manifest import is_kept
from meshctl.readiness.verdict import condition

if TYPE_CHECKING:
    from meshctl.lifecycle.world import Body

IMMUTABLE = "ImmutableField"
JOB_RUNS = "JobRunning"

_TAKES_ALONG = {
    "CustomResourceDefinition": "every object of its kind",
    "Namespace": "everything in it",
    "PersistentVolume": "its data",
    "PersistentVolumeClaim": "its data",
}


def refusal(live: Body | None, error: MeshctlError, *, replace: bool) -> MeshctlError | None:
    """Why the object that the server refused to change is not replaced; None when it is to be.

    A Job that has finished is replaced unasked: it would never do anything again. Everything else needs `replace`.
    """
    if error.code != IMMUTABLE or live is None:
        return error
    ref = ObjectRef.of(live)
    if is_kept(live):
        return _again(error, f"it is marked to be kept, so that --replace leaves {ref} alone: delete it yourself")
    if ref.kind in _TAKES_ALONG:
        loss = _TAKES_ALONG[ref.kind]
        return _again(error, f"--replace leaves a {ref.kind} alone, as {loss} would go with it: delete it yourself")
    if replace or _has_finished(live):
        return None
    if ref.kind == "Job":
        advice = "once it has finished it is replaced by the next start; --replace ends it now"
        return _again(error, advice, code=JOB_RUNS, message=f"{ref} has changed and is still running")
    return error


def _has_finished(live: Body) -> bool:
    ends = (condition(live, kind) for kind in ("Complete", "Failed"))
    return live["kind"] == "Job" and any(end.get("status") == "True" for end in ends)


def _again(error: MeshctlError, suggestion: str, *, code: str = "", message: str = "") -> MeshctlError:
    return Invalid(message or error.message, code=code or error.code, suggestion=suggestion)
