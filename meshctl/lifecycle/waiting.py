"""wait: until what is there of services is ready, or meets another goal; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from meshctl.events import Event, Failed, Planned
from meshctl.identity import ObjectRef
from meshctl.lifecycle.deleting import until_gone
from meshctl.lifecycle.discovering import Found, find
from meshctl.lifecycle.goals import DELETED
from meshctl.lifecycle.interrupt import Interrupt
from meshctl.lifecycle.namespace import find_namespace
from meshctl.lifecycle.options import WaitOptions
from meshctl.lifecycle.order import stop_order
from meshctl.lifecycle.run import Run
from meshctl.lifecycle.settling import until_ready
from meshctl.lifecycle.turn import Stuck, Task, Turn
from meshctl.lifecycle.walk import Walk
from meshctl.lifecycle.world import Body, closer_scopes, scope_of
from meshctl.manifest import is_kept, is_parent, order_key

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.plan import Plan


def wait(plan: Plan, cluster: Cluster, options: WaitOptions, interrupt: Interrupt) -> Iterator[Event]:
    """Events from Planned to Finished. Raises nothing of ours."""
    run = Run(plan.config, cluster, options, interrupt)
    steps = _Wait(run, plan.services, options.goal)
    return run.conduct(iter(steps), steps.planned(0))


class _Wait:
    """The steps of a wait. Iterate it once. No service waits for another: what is there has begun already."""

    def __init__(self, run: Run, services: Sequence[str], goal: str) -> None:
        self._run = run
        self._services = tuple(services)
        self._goal = goal
        self._found: Found = {}

    def __iter__(self) -> Iterator[Event]:
        find_namespace(self._run)
        self._found = find(self._run, self._services)
        bodies = [body for name in self._services for body in self._of(name)]
        yield self.planned(len(bodies))
        scopes = {scope_of(ObjectRef.of(body), self._run.config) for body in bodies}
        if bodies and self._goal == DELETED:
            scopes |= set(closer_scopes(self._run.config.namespace)[:2])
        self._run.listen(scopes)
        yield from Walk(self._run, self._services, stop_order(None, self._services), self._service)

    def planned(self, objects: int) -> Planned:
        return Planned(
            action="wait",
            namespace=self._run.config.namespace,
            context=self._run.cluster.target.context,
            services=self._services,
            objects=objects,
        )

    def _of(self, service: str) -> list[Body]:
        """In the order in which start applied them; for their end, without what a stop keeps."""
        bodies = [body for body in self._found.get(service, ()) if not is_parent(body)]
        if self._goal == DELETED:
            bodies = [body for body in bodies if body["kind"] != "PersistentVolumeClaim" and not is_kept(body)]
        return sorted(bodies, key=lambda body: order_key(ObjectRef.of(body)))

    def _service(self, turn: Turn) -> Task:
        turn.began_at = 0  # nothing was changed: what has happened before explains what is there now
        bodies = self._of(turn.service)
        if self._goal == DELETED:
            yield from until_gone(turn, bodies, kept=())
        elif not bodies:
            raise Stuck(_not_running(turn))
        else:
            turn.goal = self._goal or turn.goal
            yield from until_ready(turn, [ObjectRef.of(body) for body in bodies])


def _not_running(turn: Turn) -> Failed:
    return Failed(
        service=turn.service,
        code="NotRunning",
        message=f"nothing of {turn.service} is in {turn.run.config.namespace}",
        suggestion=f"meshctl start {turn.service}",
    )
