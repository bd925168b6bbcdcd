"""diff: what a start would change, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meshctl.compare import FieldChange, canonical, changes, owned
from meshctl.errors import Interrupted, raise_all
from meshctl.identity import ObjectRef
from meshctl.lifecycle.interrupt import Interrupt
from meshctl.lifecycle.options import StartOptions
from meshctl.lifecycle.preview import Operation, Prospect, prospects
from meshctl.lifecycle.run import Run, Stopped
from meshctl.manifest import Bundle

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.plan import Plan


@dataclass(frozen=True)
class Change:
    """One object that a start would make, change or delete. Values of Secrets are masked.

    Not `verified` is what the server could not be asked about: its namespace or its kind is not there yet, or what it
    replaces still is. `owner` says, in words, from whom it is taken over.
    """

    ref: ObjectRef
    service: str
    op: Operation
    fields: tuple[FieldChange, ...]
    verified: bool
    owner: str = ""


def diff(
    plan: Plan,
    bundle: Bundle,
    cluster: Cluster,
    options: StartOptions | None = None,
    interrupt: Interrupt | None = None,
) -> list[Change]:
    """What a start with these options would do: in the bundle's order, then what it would prune.

    Raises what the server refuses, all of it together.
    """
    options, interrupt = options or StartOptions(), interrupt or Interrupt()
    run = Run(plan.config, cluster, options, interrupt)
    try:
        found = prospects(run, bundle, options)
    except Stopped:
        raise Interrupted("interrupted before all was compared") from None
    finally:
        run.close()
    raise_all(prospect.error for prospect in found if prospect.error)
    told = [(prospect, _fields(prospect)) for prospect in found if prospect.changes]
    return [_change(prospect, fields) for prospect, fields in told if fields]


def _fields(prospect: Prospect) -> tuple[FieldChange, ...]:
    """Only what the server would store anew counts: another owner of a field is no change of the object."""
    before, after = prospect.before or {}, prospect.after
    if after is None:
        before = (owned(before) if before and prospect.wanted else None) or before
        after = canonical(prospect.wanted) if prospect.wanted else {}
    return changes(before, after)


def _change(prospect: Prospect, fields: tuple[FieldChange, ...]) -> Change:
    return Change(
        prospect.ref, prospect.service, prospect.operation, fields, verified=prospect.verified, owner=prospect.owner
    )
