"""stop: what carries the project's labels goes, in reverse order, until it and its pods are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from meshctl.config import nearest
from meshctl.errors import ClusterError, GuardError, UsageError
from meshctl.events import Deleted, Event, Planned, Unchanged, Warned
from meshctl.history import History
from meshctl.identity import ObjectRef
from meshctl.lifecycle.deleting import delete
from meshctl.lifecycle.discovering import Found, add_claims, find
from meshctl.lifecycle.interrupt import Interrupt
from meshctl.lifecycle.locking import EVERYTHING
from meshctl.lifecycle.namespace import delete_namespace, refuse_to_delete
from meshctl.lifecycle.options import StopOptions
from meshctl.lifecycle.order import stop_order
from meshctl.lifecycle.run import Run
from meshctl.lifecycle.sets import put_parent, set_of
from meshctl.lifecycle.turn import Task, Turn
from meshctl.lifecycle.walk import Walk
from meshctl.lifecycle.world import Body, Scope, closer_scopes, scope_of
from meshctl.manifest import NAMESPACE_SERVICE, is_kept, is_parent
from meshctl.plan import Plan, Selection, select
from meshctl.plan.order import inverse

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.config import Config


def stop(
    config: Config, services: Collection[str] | None, cluster: Cluster, options: StopOptions, interrupt: Interrupt
) -> Iterator[Event]:
    """Events from Planned to Finished. Raises nothing of ours.

    `services` may name some that the config no longer has; None is everything of the project that is there.
    """
    run = Run(config, cluster, options, interrupt)
    steps = _Stop(run, services, options)
    return run.conduct(iter(steps), steps.planned(tuple(services or ()), 0))


class _Stop:
    """The steps of a stop. Iterate it once."""

    def __init__(self, run: Run, services: Collection[str] | None, options: StopOptions) -> None:
        self._run = run
        self._config = run.config
        self._asked = services
        self._options = options
        self._found: Found = {}

    def __iter__(self) -> Iterator[Event]:
        """Held first, then looked for: what another run has just made is found too. The plan is told before all."""
        told = list(self._run.hold("stop", self._wanted()))
        self._found = self._find()
        add_claims(self._run, self._found)
        names = self._selected()
        if self._options.delete_namespace:
            refuse_to_delete(self._run, kept=self._kept(self._found), others=self._found.keys() - names)
        plan = self._plan(names)
        services = _in_order(plan, names)
        leaving = [body for name in services for body in self._leaving(name)]
        yield self.planned(services, len(leaving))
        yield from told
        if not services:
            yield Warned(code="NotRunning", message=f"nothing of this selection is in {self._config.namespace}")
        self._run.listen(_scopes(leaving, self._config) if leaving else ())
        yield from Walk(self._run, services, stop_order(plan, services), self._service)
        if self._run.tally.exit or self._run.interrupt.is_set():
            return
        if self._asked is None:
            self._forget()
        if self._options.delete_namespace:
            self._run.release()  # with the namespace goes the Lease
            yield from delete_namespace(self._run)

    def _find(self) -> Found:
        """Everything that is there where all of it is to go."""
        every = self._asked is None or self._options.delete_namespace
        asked, users = (None, ()) if every else (self._asked, users_of(self._config, self._asked or ()))
        return find(self._run, asked, users, take_ownership=self._options.take_ownership)

    def _forget(self) -> None:
        """Where nothing of the project is left, nothing is there that one could go back from."""
        with suppress(ClusterError):
            self._run.ask(History(self._run.cluster, self._config.namespace, self._config.project).clear)

    def planned(self, services: Sequence[str], objects: int) -> Planned:
        return Planned(
            action="stop",
            namespace=self._config.namespace,
            context=self._run.cluster.target.context,
            services=tuple(services),
            objects=objects,
        )

    def _wanted(self) -> Collection[str]:
        """What may have to be stopped, as far as the config knows."""
        if self._asked is None:
            return [EVERYTHING]
        users = users_of(self._config, self._asked) if self._options.with_dependents else set()
        return {*self._asked, *users}

    def _selected(self) -> set[str]:
        """Of what was asked for, what is there. Raises UsageError, and GuardError for the sake of who needs it."""
        if self._asked is None:
            return set(self._found)
        _refuse_unknown(self._asked, self._config, self._found)
        names = set(self._wanted())
        users = users_of(self._config, names & self._found.keys()) & self._found.keys() - names
        if users and not self._options.force:
            raise GuardError(
                f"{', '.join(sorted(users))} would lose what {'it needs' if len(users) == 1 else 'they need'}",
                code="Dependants",
                suggestion="--with-dependents stops them too, --force does not mind",
            )
        return names & self._found.keys()

    def _plan(self, names: Collection[str]) -> Plan | None:
        declared = tuple(sorted(names & self._config.services.keys()))
        return select(self._config, Selection(services=declared), closure=False) if declared else None

    def _leaving(self, service: str) -> list[Body]:
        return [body for body in self._found[service] if not (self._is_kept(body) or is_parent(body))]

    def _kept(self, services: Iterable[str]) -> list[Body]:
        return [body for service in services for body in self._found[service] if self._is_kept(body)]

    def _is_kept(self, body: Body) -> bool:
        is_data = body["kind"] == "PersistentVolumeClaim" and self._options.keep_data
        return is_data or is_kept(body)

    def _service(self, turn: Turn) -> Task:
        kept = self._kept([turn.service])
        yield from (Unchanged(service=turn.service, object=ObjectRef.of(body)) for body in kept)
        yield from delete(turn, self._leaving(turn.service), kept=kept)
        yield from self._leave_set(turn, kept)
        yield Deleted(service=turn.service)

    def _leave_set(self, turn: Turn, kept: Iterable[Body]) -> Task:
        """The parent stays as long as there are members, and goes with the last."""
        ours = set_of(self._run, turn.service)
        for parent in filter(is_parent, self._found[turn.service]):
            self._run.world.put(parent)
        members = [ObjectRef.of(body) for body in kept if ours.has(body)]
        yield from put_parent(turn, ours, ours.body(members) if members else None)


def users_of(config: Config, names: Collection[str]) -> set[str]:
    """The services outside of `names` that need one of them, directly or not."""
    users = inverse({name: service.needs for name, service in config.services.items()})
    reached, turn = set(names), list(names)
    while turn:
        fresh = set(users.get(turn.pop(), ())) - reached
        reached |= fresh
        turn.extend(fresh)
    return reached - set(names)


def _refuse_unknown(names: Collection[str], config: Config, found: Found) -> None:
    known = config.services.keys() | found.keys()
    for name in names:
        if name not in known:
            near = nearest(name, known)
            raise UsageError(
                f"no service is called {name!r}, and nothing of that name is in {config.namespace}",
                suggestion=f"did you mean {near}?" if near else "`meshctl list services` shows them",
            )


def _in_order(plan: Plan | None, names: Collection[str]) -> list[str]:
    """What the config has forgotten first: nothing is known to need it."""
    declared = plan.services[::-1] if plan else ()
    forgotten = sorted(name for name in names if name not in declared and name != NAMESPACE_SERVICE)
    return [*forgotten, *declared, *(name for name in names if name == NAMESPACE_SERVICE)]


def _scopes(leaving: Iterable[Body], config: Config) -> set[Scope]:
    """The kinds that go, and their pods: a workload is gone before they are."""
    pods, replica_sets, _ = closer_scopes(config.namespace)
    return {scope_of(ObjectRef.of(body), config) for body in leaving} | {pods, replica_sets}
