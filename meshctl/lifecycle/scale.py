"""scale: another number of pods, now, whatever the templates say.

A number that our own apply has set is changed by an apply of the same manager, so the next start, which knows nothing
of it, sets its own again without a conflict. Where the templates leave the number out, it becomes that of a manager of
its own, and the next start leaves it alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple

from meshctl.compare import owned
from meshctl.errors import ClusterError, Forbidden, MeshctlError, NoSuchKind, UsageError, did_you_mean, raise_all
from meshctl.events import Applied, Event, Planned, Unchanged, Warned
from meshctl.identity import ObjectRef
from meshctl.lifecycle.failing import failed
from meshctl.lifecycle.interrupt import Interrupt
from meshctl.lifecycle.options import ScaleOptions
from meshctl.lifecycle.run import Run
from meshctl.lifecycle.settling import until_ready
from meshctl.lifecycle.turn import Stuck, Task, Turn
from meshctl.lifecycle.walk import Walk
from meshctl.lifecycle.world import Body, Scope
from meshctl.manifest import LABEL_PART_OF
from meshctl.plan import Plan, Selection, select

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.config import Config

MANAGER = "meshctl-scale"
SCALED = ("Deployment", "ReplicaSet", "StatefulSet")
_AUTOSCALER = ("autoscaling/v2", "HorizontalPodAutoscaler")


class Size(NamedTuple):
    """So many pods for a service; for the one of its workloads that `workload` names, if it has several."""

    service: str
    workload: str
    replicas: int

    def __str__(self) -> str:
        return f"{self.service}/{self.workload}" if self.workload else self.service


def parse_size(text: str) -> Size:
    """Of `web=3` or `web/worker=3`. Raises UsageError."""
    name, _, number = text.partition("=")
    service, slash, workload = name.partition("/")
    if not service or not number.isdecimal() or (slash and not workload):
        raise UsageError(f"{text!r} is no SERVICE=N", suggestion="like web=3, or web/worker=3 for one of its workloads")
    return Size(service, workload, int(number))


def scale(
    config: Config, sizes: Sequence[Size], cluster: Cluster, options: ScaleOptions, interrupt: Interrupt
) -> Iterator[Event]:
    """Events from Planned to Finished. Raises UsageError for sizes that make no sense, else nothing of ours."""
    _refuse_nonsense(config, sizes)
    plan = select(config, Selection(services=tuple({size.service: None for size in sizes})), closure=False)
    run = Run(config, cluster, options, interrupt)
    steps = _Scale(run, plan, sizes, wait=options.wait)
    return run.conduct(iter(steps), steps.planned(0))


def _refuse_nonsense(config: Config, sizes: Sequence[Size]) -> None:
    errors: list[MeshctlError] = []
    for name in dict.fromkeys(size.service for size in sizes if size.service not in config.services):
        advice = did_you_mean(name, config.services) or "`meshctl list services` shows them"
        errors.append(UsageError(f"no service is called {name!r}", suggestion=advice))
    names = [str(size) for size in sizes]
    errors += [UsageError(f"{name} is given two sizes") for name in dict.fromkeys(names) if names.count(name) > 1]
    raise_all(errors)


class _Scale:
    """The steps of a scale. Iterate it once."""

    def __init__(self, run: Run, plan: Plan, sizes: Sequence[Size], *, wait: bool) -> None:
        self._run = run
        self._plan = plan
        self._sizes = sizes
        self._wait = wait
        self._wanted: dict[str, dict[ObjectRef, int]] = {name: {} for name in plan.services}

    def __iter__(self) -> Iterator[Event]:
        config = self._plan.config
        ours = f"{LABEL_PART_OF}={config.project}"
        self._run.listen(Scope("apps/v1", kind, config.namespace, labels=ours) for kind in (*SCALED, "DaemonSet"))
        self._resolve()
        yield self.planned(sum(map(len, self._wanted.values())))
        yield from self._autoscaled()
        yield from self._run.hold("scale", self._plan.services)
        yield from Walk(self._run, self._plan.services, self._plan.schedule(), self._service)

    def planned(self, objects: int) -> Planned:
        return Planned(
            action="scale",
            namespace=self._plan.config.namespace,
            context=self._run.cluster.target.context,
            services=self._plan.services,
            objects=objects,
        )

    def _resolve(self) -> None:
        """Which workload each size is for. Raises what is wrong with any of them, all together."""
        errors: list[MeshctlError] = []
        for size in self._sizes:
            try:
                ref = chosen(size, self._run.world.of(size.service), self._plan.config.namespace)
            except MeshctlError as error:
                errors.append(error)
            else:
                self._wanted[size.service][ref] = size.replicas
        raise_all(errors)

    def _autoscaled(self) -> Iterator[Event]:
        """Without the right to see autoscalers there is no warning, and no harm."""
        try:
            found = self._run.ask(self._run.cluster.list, *_AUTOSCALER, self._plan.config.namespace).items
        except (Forbidden, NoSuchKind):
            return
        targets = {(ref.kind, ref.name): (name, ref) for name, wanted in self._wanted.items() for ref in wanted}
        for body in found:
            target = body["spec"]["scaleTargetRef"]
            if owner := targets.get((target["kind"], target["name"])):
                message = f"HorizontalPodAutoscaler {body['metadata']['name']} sets the number of pods again"
                yield Warned(service=owner[0], object=owner[1], code="Autoscaled", message=message)

    def _service(self, turn: Turn) -> Task:
        wanted = self._wanted[turn.service]
        for ref, replicas in sorted(wanted.items()):
            try:
                event = yield from turn.ask(self._set, turn.service, ref, replicas)
            except MeshctlError as error:
                raise Stuck(failed(turn, ref, error)) from error
            yield event
        if self._wait:
            yield from until_ready(turn, [*wanted])

    def _set(self, service: str, ref: ObjectRef, replicas: int) -> Event:
        live = self._run.world.get(ref)
        if live is None:
            raise ClusterError(f"{ref} is gone", code="Deleted")
        if live["spec"].get("replicas", 1) == replicas:
            return Unchanged(service=service, object=ref)
        self._run.world.put(self._send(ref, live, replicas))
        return Applied(service=service, object=ref, operation="scaled")

    def _send(self, ref: ObjectRef, live: Body, replicas: int) -> Mapping[str, Any]:
        body = deepcopy(owned(live)) or {}
        if "replicas" not in body.get("spec", {}):
            return self._run.cluster.patch(ref, {"spec": {"replicas": replicas}}, manager=MANAGER)
        body["spec"]["replicas"] = replicas
        return self._run.cluster.apply(body).object


def chosen(size: Size, bodies: Iterable[Body], namespace: str) -> ObjectRef:
    """The workload that a size is for, of all that a service has. Raises ClusterError, or UsageError."""
    refs = sorted(ObjectRef.of(body) for body in bodies)
    scalable = [ref for ref in refs if ref.kind in SCALED]
    if not scalable:
        raise _nothing_to_scale(size, [ref for ref in refs if ref.kind == "DaemonSet"], namespace)
    found = [ref for ref in scalable if size.workload in ("", ref.name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{size.service}/{ref.name}={size.replicas}" for ref in scalable)
    if not found:
        near = did_you_mean(size.workload, (ref.name for ref in scalable))
        raise UsageError(f"{size.service} has no workload {size.workload!r}", suggestion=near or names)
    told = " and ".join(map(str, found))
    raise UsageError(f"{size.service} has several workloads: {told}", suggestion=f"name one: {names}")


def _nothing_to_scale(size: Size, daemons: Sequence[ObjectRef], namespace: str) -> MeshctlError:
    if daemons:
        return UsageError(f"{daemons[0]} cannot be scaled: it runs one pod on each node")
    return ClusterError(
        f"no workload of {size.service} runs in {namespace}",
        code="NotRunning",
        suggestion=f"meshctl start {size.service}",
    )
