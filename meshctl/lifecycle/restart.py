"""restart: roll the pods as `kubectl rollout restart` does, service by service in the order of the graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from meshctl.errors import ClusterError, Forbidden, MeshctlError
from meshctl.events import Applied, Event, Failed, Planned, Warned
from meshctl.identity import ObjectRef
from meshctl.lifecycle.failing import failed
from meshctl.lifecycle.interrupt import Interrupt
from meshctl.lifecycle.options import RestartOptions
from meshctl.lifecycle.outdated import is_outdated
from meshctl.lifecycle.run import Run
from meshctl.lifecycle.settling import until_ready
from meshctl.lifecycle.turn import Stuck, Task, Turn
from meshctl.lifecycle.walk import Walk
from meshctl.lifecycle.world import Body, Scope
from meshctl.manifest import LABEL_PART_OF, LABEL_SERVICE

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.plan import Plan

MANAGER = "meshctl-restart"  # its annotation belongs to it alone: an apply by meshctl leaves it, so nothing rolls again
ANNOTATION = "kubectl.kubernetes.io/restartedAt"
CONFIGURATION = ("ConfigMap", "Secret")
ROLLED = ("DaemonSet", "Deployment", "StatefulSet")


def restart(plan: Plan, cluster: Cluster, options: RestartOptions, interrupt: Interrupt) -> Iterator[Event]:
    """Events from Planned to Finished. Raises nothing of ours."""
    run = Run(plan.config, cluster, options, interrupt)
    unplanned = _planned(run, plan.services, 0)
    return run.conduct(iter(_Restart(run, plan, options)), unplanned)


class _Restart:
    """The steps of a restart. Iterate it once."""

    def __init__(self, run: Run, plan: Plan, options: RestartOptions) -> None:
        self._run = run
        self._plan = plan
        self._options = options
        self._rolling: dict[str, list[Body]] = {}
        self._moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def __iter__(self) -> Iterator[Event]:
        config = self._plan.config
        ours = f"{LABEL_PART_OF}={config.project}"
        self._run.listen(Scope("apps/v1", kind, config.namespace, labels=ours) for kind in ROLLED)
        running = [name for name in self._plan.services if self._workloads(name)]
        if not running:
            raise ClusterError(
                f"nothing of this selection runs in {config.namespace}",
                code="NotRunning",
                suggestion="meshctl start",
            )
        warnings = list(self._choose(running))
        yield _planned(self._run, [*self._rolling], sum(map(len, self._rolling.values())))
        yield from warnings
        for name in self._plan.services:
            if name not in running:
                yield Warned(service=name, code="NotRunning", message=f"no workload of {name} runs here")
        plan = self._plan.only(self._rolling)
        if plan.services:
            yield from self._run.hold("restart", plan.services)
        yield from Walk(self._run, plan.services, plan.schedule(), self._service)

    def _choose(self, running: Sequence[str]) -> Iterator[Event]:
        """What is to be rolled: all that runs, or what is outdated."""
        self._rolling = {name: self._workloads(name) for name in running}
        if not self._options.changed:
            return
        pods = self._run.ask(self._run.cluster.list, "v1", "Pod", self._plan.config.namespace, labels=LABEL_SERVICE)
        configuration: list[Body] = []
        for kind in CONFIGURATION:
            try:
                listed = self._run.ask(self._run.cluster.list, "v1", kind, self._plan.config.namespace)
            except Forbidden as error:
                yield Warned(code="NotCompared", message=f"{error.message}, so no change of one is seen")
            else:
                configuration += listed.items
        outdated = {
            name: [body for body in bodies if is_outdated(body, pods.items, configuration)]
            for name, bodies in self._rolling.items()
        }
        self._rolling = {name: bodies for name, bodies in outdated.items() if bodies}
        if not self._rolling:
            message = "no ConfigMap or Secret has changed since the pods that read it began"
            yield Warned(code="NothingChanged", message=message)

    def _service(self, turn: Turn) -> Task:
        workloads = self._rolling[turn.service]
        refs = [ObjectRef.of(body) for body in workloads]
        _refuse_paused(turn, workloads)
        for ref in refs:
            try:
                ask, patch = self._run.breaker.ask, self._run.cluster.patch
                live = yield from turn.ask(ask, ref, patch, ref, self._patch(), manager=MANAGER)
            except MeshctlError as error:
                raise Stuck(failed(turn, ref, error)) from error
            self._run.world.put(live)
            yield Applied(service=turn.service, object=ref, operation="restarted")
        if self._options.wait:
            yield from until_ready(turn, refs)

    def _workloads(self, service: str) -> list[Body]:
        """Without the pods and ReplicaSets that are listened to once a service is slow to come up."""
        return sorted((body for body in self._run.world.of(service) if body["kind"] in ROLLED), key=ObjectRef.of)

    def _patch(self) -> dict[str, object]:
        return {"spec": {"template": {"metadata": {"annotations": {ANNOTATION: self._moment}}}}}


def _refuse_paused(turn: Turn, workloads: Sequence[Body]) -> None:
    """A paused rollout would take the change and do nothing."""
    paused = [ObjectRef.of(body) for body in workloads if body["spec"].get("paused")]
    if paused:
        raise Stuck(
            *(
                Failed(
                    service=turn.service,
                    object=ref,
                    code="Paused",
                    message=f"the rollout of {ref} is paused",
                    suggestion=f"kubectl rollout resume {ref.kind.lower()}/{ref.name} -n {ref.namespace}",
                )
                for ref in paused
            )
        )


def _planned(run: Run, services: Sequence[str], objects: int) -> Planned:
    return Planned(
        action="restart",
        namespace=run.config.namespace,
        context=run.cluster.target.context,
        services=tuple(services),
        objects=objects,
    )
