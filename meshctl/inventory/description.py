"""All that is to be known of a service on one screen: what the config says, and what has come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from meshctl.config import Service
from meshctl.diagnosis import Diagnosis
from meshctl.evidence import last_words
from meshctl.identity import ObjectRef
from meshctl.inventory.belongings import Belongings, by_service, mesh_questions, questions
from meshctl.inventory.happenings import EventRow, Happenings
from meshctl.inventory.pods import PodRow, Pods
from meshctl.inventory.reading import Found, Query, Table, read
from meshctl.inventory.scope import Scope
from meshctl.inventory.services import PortRow, Ports, ServiceRow, Services
from meshctl.inventory.status import Status, StatusRow
from meshctl.manifest import Bundle, order_key
from meshctl.plan import Plan
from meshctl.readiness import Readiness, readiness

if TYPE_CHECKING:
    from meshctl.cluster import Cluster


@dataclass(frozen=True)
class Description:
    """`declared` is what the config says. `templates` is the folder below those of the project."""

    declared: Service
    needed_by: tuple[str, ...]
    status: StatusRow
    objects: tuple[tuple[ObjectRef, Readiness], ...]
    pods: tuple[PodRow, ...]
    services: tuple[ServiceRow, ...]
    ports: tuple[PortRow, ...]
    events: tuple[EventRow, ...]
    diagnosis: Diagnosis | None

    @property
    def name(self) -> str:
        return self.declared.name

    @property
    def templates(self) -> str:
        return self.declared.template or self.name

    def record(self) -> dict[str, Any]:
        """The form of machine output: that of `status`, and more."""
        return {
            **self.status.record(),
            "groups": list(self.declared.groups),
            "needs": list(self.declared.needs),
            "needed_by": list(self.needed_by),
            "template": self.templates,
            "inject": self.declared.inject,
            "wait": {"for": self.declared.wait.for_, "timeout": self.declared.wait.timeout},
            "drifted": [{"object": each.object.as_dict(), "what": each.what} for each in self.status.drifted or ()],
            "objects": [
                {"object": ref.as_dict(), "state": str(verdict.state), "message": verdict.message}
                for ref, verdict in self.objects
            ],
            "pods": [row.record() for row in self.pods],
            "services": [row.record() for row in self.services],
            "ports": [row.record() for row in self.ports],
            "events": [row.record() for row in self.events],
            "diagnosis": self.diagnosis and _diagnosis(self.diagnosis),
        }


def describe(cluster: Cluster, view: Describe) -> Table[Description]:
    """The descriptions as they are now, with the last lines of containers that fail. Raises what `read` raises."""
    table = read(cluster, view)
    return replace(table, rows=tuple(_with_last_words(cluster, row) for row in table.rows))


def _with_last_words(cluster: Cluster, row: Description) -> Description:
    if row.diagnosis is None:
        return row
    said = (*row.diagnosis.evidence, *last_words(cluster, row.diagnosis))
    return replace(row, diagnosis=replace(row.diagnosis, evidence=said))


@dataclass(frozen=True)
class Describe:
    """The view of the plan's services, one description each; with `bundle` also of their drift from it."""

    plan: Plan
    bundle: Bundle | None = None

    @cached_property
    def scope(self) -> Scope:
        return Scope(self.plan.config.project, self.plan.config.namespace, self.plan.services)

    @cached_property
    def status(self) -> Status:
        return Status(self.plan, self.bundle)

    def queries(self, found: Found) -> Sequence[Query]:
        slices = self.scope.applied("discovery.k8s.io/v1", "EndpointSlice")
        events = Query("v1", "Event", self.scope.namespace)
        asked = questions(self.scope, found, self.bundle or ())
        return [*asked, *mesh_questions(self.scope, found), slices, events]

    def rows(self, found: Found) -> list[Description]:
        status = {row.name: row for row in self.status.rows(found)}
        belongings = by_service(self.scope, found)
        pods, services = Pods(self.scope).rows(found), Services(self.scope).rows(found)
        ports, events = Ports(self.scope).rows(found), Happenings(self.scope).rows(found)
        return [
            Description(
                declared=self.plan.config.services[name],
                needed_by=_users(self.plan, name),
                status=status[name],
                objects=_objects(belongings.get(name, Belongings())),
                pods=tuple(row for row in pods if row.service == name),
                services=tuple(row for row in services if row.service == name),
                ports=tuple(row for row in ports if row.service == name),
                events=tuple(row for row in events if row.service == name),
                diagnosis=self.status.diagnosis(belongings.get(name, Belongings()), found),
            )
            for name in self.plan.services
        ]


def _users(plan: Plan, name: str) -> tuple[str, ...]:
    return tuple(sorted(other for other, service in plan.config.services.items() if name in service.needs))


def _objects(has: Belongings) -> tuple[tuple[ObjectRef, Readiness], ...]:
    refs = {ObjectRef.of(body): body for body in has.objects}
    return tuple((ref, readiness(refs[ref])) for ref in sorted(refs, key=order_key))


def _diagnosis(found: Diagnosis) -> dict[str, Any]:
    return {
        "code": found.code,
        "message": found.message,
        "certain": found.certain,
        "object": found.object and found.object.as_dict(),
        "evidence": list(found.evidence),
        "suggestion": found.suggestion,
    }
