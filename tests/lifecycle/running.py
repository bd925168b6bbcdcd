"""Runs of the engine, as tests look at them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from shop import Shop

from meshctl.cluster import Cluster
from meshctl.events import Event, Failed, Finished, Planned
from meshctl.identity import ObjectRef
from meshctl.lifecycle import Interrupt, StartOptions, StopOptions, start, stop

E = TypeVar("E", bound=Event)


class Told(list[Event]):
    """The events of one run, in order."""

    def of(self, kind: type[E], service: str = "") -> list[E]:
        return [event for event in self if isinstance(event, kind) and service in ("", event.service)]

    def place(self, kind: type[Event], service: str) -> int:
        """Where the service's first event of that kind stands."""
        return next(number for number, event in enumerate(self) if isinstance(event, kind) and event.service == service)

    def services(self, kind: type[Event]) -> list[str]:
        return [event.service for event in self.of(kind)]

    def objects(self, kind: type[Event], service: str = "") -> list[str]:
        return [str(event.object) for event in self.of(kind, service) if event.object]

    @property
    def failures(self) -> dict[str, Failed]:
        return {event.service: event for event in self.of(Failed)}

    @property
    def end(self) -> Finished:
        last = self[-1]
        assert isinstance(last, Finished)
        return last


def told(events: Iterable[Event]) -> Told:
    """All of them; a run begins with its plan and ends with its summary."""
    found = Told(events)
    assert isinstance(found[0], Planned)
    assert isinstance(found[-1], Finished)
    return found


def started(cluster: Cluster, shop: Shop, *services: str, **options: Any) -> Told:
    return told(starting(cluster, shop, *services, **options))


def starting(
    cluster: Cluster, shop: Shop, *services: str, interrupt: Interrupt | None = None, **options: Any
) -> Iterator[Event]:
    chosen = StartOptions(**{"timeout": 20.0, **options})
    return start(shop.plan(*services), shop.bundle(*services), cluster, chosen, interrupt or Interrupt())


def stopped(cluster: Cluster, shop: Shop, *services: str, **options: Any) -> Told:
    """Everything of the project when nothing is named."""
    chosen = StopOptions(**{"timeout": 120.0, **options})
    return told(stop(shop.config, services or None, cluster, chosen, Interrupt()))


def writes(cluster: Cluster) -> int:
    return sum(cluster.requests[verb] for verb in ("apply", "create", "patch", "delete"))


def live(cluster: Cluster, namespace: str, kind: str, name: str, api_version: str = "v1") -> dict[str, Any]:
    return cluster.get(ObjectRef(api_version, kind, namespace, name))
