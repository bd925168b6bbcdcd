"""start: the namespace, then every service as soon as all it waits for is ready."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from meshctl.events import Event, Planned
from meshctl.lifecycle.applying import Applier
from meshctl.lifecycle.interrupt import Interrupt
from meshctl.lifecycle.namespace import ensure_namespace
from meshctl.lifecycle.options import StartOptions
from meshctl.lifecycle.order import start_order
from meshctl.lifecycle.preview import dry_run, sketch
from meshctl.lifecycle.run import Run
from meshctl.lifecycle.settling import until_ready
from meshctl.lifecycle.turn import Task, Turn
from meshctl.lifecycle.walk import Walk
from meshctl.lifecycle.world import scope_of
from meshctl.manifest import Bundle

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.plan import Plan


def start(
    plan: Plan, bundle: Bundle, cluster: Cluster | None, options: StartOptions, interrupt: Interrupt
) -> Iterator[Event]:
    """Events from Planned to Finished. Raises nothing of ours. A client's dry run needs no cluster."""
    planned = Planned(
        action="start",
        namespace=bundle.namespace,
        context=cluster.target.context if cluster else "",
        services=_services(plan, bundle),
        objects=len(bundle),
    )
    if cluster is None or options.dry_run == "client":
        return sketch(planned, bundle)
    run = Run(plan.config, cluster, options, interrupt)
    steps = dry_run if options.dry_run == "server" else _Start
    return run.conduct(iter(steps(run, planned, plan, bundle, options)), planned)


class _Start:
    """The steps of a start. Iterate it once."""

    def __init__(self, run: Run, planned: Planned, plan: Plan, bundle: Bundle, options: StartOptions) -> None:
        self._run = run
        self._planned = planned
        self._plan = plan
        self._bundle = bundle
        self._options = options
        self._applier = Applier(run, bundle.namespace, bundle, options)

    def __iter__(self) -> Iterator[Event]:
        yield self._planned
        yield from ensure_namespace(self._run, ttl=self._options.ttl)
        yield from self._run.hold("start", self._plan.services)
        self._run.listen(scope_of(manifest.ref, self._plan.config.project) for manifest in self._bundle)
        order = start_order(self._plan, self._planned.services)
        yield from Walk(self._run, self._planned.services, order, self._service)

    def _service(self, turn: Turn) -> Task:
        manifests = self._bundle.of(turn.service)
        yield from self._applier.apply(turn, manifests)
        if self._options.wait:
            yield from until_ready(turn, [manifest.ref for manifest in manifests])


def _services(plan: Plan, bundle: Bundle) -> tuple[str, ...]:
    """The plan's, after what comes before all of them."""
    return (*(name for name in bundle.services if name not in plan.needs), *plan.services)
