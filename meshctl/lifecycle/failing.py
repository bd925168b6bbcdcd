"""What a failure of one object is told like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from meshctl.errors import MeshctlError
from meshctl.events import Failed
from meshctl.identity import ObjectRef
from meshctl.manifest import Manifest

if TYPE_CHECKING:
    from meshctl.lifecycle.turn import Turn


def failed(
    turn: Turn, ref: ObjectRef, error: MeshctlError, *, origin: Manifest | None = None, evidence: Iterable[str] = ()
) -> Failed:
    """What the server said to one object, and the template that it came from."""
    return Failed(
        service=turn.service,
        object=ref,
        code=error.code,
        message=error.message,
        evidence=(*((f"from {origin.where}",) if origin else ()), *evidence),
        suggestion=error.suggestion,
    )


def still_there(turn: Turn, ref: ObjectRef, live: Mapping[str, Any] | None) -> Failed:
    """Of an object that does not go in time, with what holds it."""
    metadata = live["metadata"] if live else {}
    if not metadata.get("deletionTimestamp"):
        return _not_deleted(turn, ref)
    finalizers = ", ".join(metadata.get("finalizers") or ())
    held = f": finalizers hold it: {finalizers}" if finalizers else ""
    return Failed(
        service=turn.service,
        object=ref,
        code="Terminating",
        message=f"{ref} is still there after {turn.timeout:g} seconds{held}",
        suggestion="what set the finalizer has to remove it" if finalizers else "its node may be lost",
    )


def _not_deleted(turn: Turn, ref: ObjectRef) -> Failed:
    return Failed(
        service=turn.service,
        object=ref,
        code="NotDeleted",
        message=f"{ref} is still there after {turn.timeout:g} seconds: nobody deletes it",
        suggestion=f"meshctl stop {turn.service}",
    )
