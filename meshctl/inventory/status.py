"""The services of a project: what runs, whether it is ready and why not, and whether it is as configured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from meshctl.diagnosis import Diagnosis, diagnose, lost_routes, missing_sidecars
from meshctl.inventory.belongings import Belongings, by_identity, by_service, mesh_questions, questions
from meshctl.inventory.drift import Drift, Key, drift
from meshctl.inventory.facts import age, images
from meshctl.inventory.reading import Body, Found, Query
from meshctl.inventory.scope import Scope
from meshctl.inventory.state import ServiceState, is_unready, reason, state
from meshctl.manifest import NAMESPACE_SERVICE, Bundle
from meshctl.plan import Plan
from meshctl.readiness import replicas


@dataclass(frozen=True)
class StatusRow:
    """`ready` of `wanted` pods. `tier` is empty for an orphan; `age`, in seconds since its first object was made, is
    None for what is stopped; `drifted` is None where drift was not asked for or means nothing; `reason` says why the
    service is not ready."""

    name: str
    tier: str
    state: ServiceState
    ready: int
    wanted: int
    images: tuple[str, ...]
    age: int | None = field(compare=False)
    drifted: tuple[Drift, ...] | None
    reason: str

    @property
    def drift(self) -> bool | None:
        return None if self.drifted is None else bool(self.drifted)

    def record(self) -> dict[str, Any]:
        """The form of machine output."""
        return {
            "name": self.name,
            "tier": self.tier,
            "state": str(self.state),
            "ready": self.ready,
            "wanted": self.wanted,
            "images": list(self.images),
            "age": self.age,
            "drift": self.drift,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Status:
    """The view of the plan's services; with `bundle`, rendered from the same plan, also of their drift from it.

    With `orphans`, the services that run but are not in the config are shown too.
    """

    plan: Plan
    bundle: Bundle | None = None
    orphans: bool = False

    @cached_property
    def scope(self) -> Scope:
        return Scope(self.plan.config.project, self.plan.config.namespace)

    def queries(self, found: Found) -> Sequence[Query]:
        """Events only when there is something to explain."""
        queries = [*questions(self.scope, found, self.bundle or ()), *mesh_questions(self.scope, found)]
        if any(is_unready(belongings.objects) for belongings in by_service(self.scope, found).values()):
            queries.append(Query("v1", "Event", self.scope.namespace, fields="type=Warning"))
        return queries

    def rows(self, found: Found) -> list[StatusRow]:
        """By name."""
        services, live = by_service(self.scope, found), by_identity(found)
        names = set(self.plan.services)
        if self.orphans:
            names |= services.keys() - self.plan.config.services.keys() - {NAMESPACE_SERVICE}
        return [self._row(name, services.get(name, Belongings()), live, found) for name in sorted(names)]

    def _row(self, name: str, has: Belongings, live: Mapping[Key, Body], read: Found) -> StatusRow:
        orphan = name not in self.plan.config.services
        drifted = drift(self.bundle.of(name), live, has.objects) if self.bundle is not None and not orphan else None
        diagnosis = self.diagnosis(has, read)
        found = ServiceState.ORPHAN if orphan else state(has, diagnosis, drifted)
        counts = [replicas(body) for body in has.objects]
        return StatusRow(
            name=name,
            tier=self.plan.tiers.get(name, ""),
            state=found,
            ready=sum(ready for ready, _ in counts),
            wanted=sum(wanted for _, wanted in counts),
            images=tuple(sorted({image for body in has.objects for image in images(body)})),
            age=None if found is ServiceState.STOPPED else max((age(body) for body in has.objects), default=None),
            drifted=None if found in (ServiceState.STOPPED, ServiceState.STOPPING) else drifted,
            reason=reason(found, has, diagnosis, drifted),
        )

    def diagnosis(self, has: Belongings, read: Found) -> Diagnosis | None:
        """Why a service is not ready, or what is wrong with it in the mesh although it is; else None."""
        namespaces = tuple(read.of("Namespace"))
        if is_unready(has.objects):
            around = (*namespaces, read.proxied) if read.proxied else namespaces
            return diagnose([*has.objects, *has.made], has.pods, read.of("Event"), around=around)
        if lost := next(lost_routes(has.objects, read.of("Service", "DestinationRule", "Pod")), None):
            return lost
        return next(missing_sidecars(has.pods, namespaces), None) if read.proxied else None
