"""diff: what a start would change, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from meshctl.compare import FieldChange, canonical, changes
from meshctl.errors import Interrupted, raise_all
from meshctl.identity import ObjectRef
from meshctl.lifecycle.interrupt import Interrupt
from meshctl.lifecycle.options import RunOptions
from meshctl.lifecycle.preview import Prospect, prospects
from meshctl.lifecycle.run import Run, Stopped
from meshctl.manifest import Bundle

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.plan import Plan


@dataclass(frozen=True)
class Change:
    """One object that a start would make or change. Values of Secrets are masked.

    Not `verified` is what the server could not be asked about: its namespace or its kind is not there yet.
    """

    ref: ObjectRef
    service: str
    op: Literal["create", "update"]
    fields: tuple[FieldChange, ...]
    verified: bool


def diff(plan: Plan, bundle: Bundle, cluster: Cluster, interrupt: Interrupt | None = None) -> list[Change]:
    """In the bundle's order; nothing of what is as wanted. Raises what the server refuses, all of it together."""
    interrupt = interrupt or Interrupt()
    run = Run(plan.config, cluster, RunOptions(), interrupt)
    try:
        found = prospects(run, bundle)
    except Stopped:
        raise Interrupted("interrupted before all was compared") from None
    finally:
        run.close()
    raise_all(prospect.error for prospect in found if prospect.error)
    told = [(prospect, _fields(prospect)) for prospect in found if prospect.changes]
    return [_change(prospect, fields) for prospect, fields in told if fields]


def _fields(prospect: Prospect) -> tuple[FieldChange, ...]:
    """Only what the server would store anew counts: another owner of a field is no change of the object."""
    after = prospect.after if prospect.after is not None else canonical(prospect.manifest.body)
    return changes(prospect.before or {}, after)


def _change(prospect: Prospect, fields: tuple[FieldChange, ...]) -> Change:
    return Change(
        prospect.manifest.ref,
        prospect.manifest.service,
        "create" if prospect.before is None else "update",
        fields,
        prospect.verified,
    )
