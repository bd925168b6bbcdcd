"""start: the namespace, then every service as soon as all it waits for is ready."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from meshctl.events import Event, Planned, Warned
from meshctl.identity import ObjectRef
from meshctl.lifecycle.applying import Applier
from meshctl.lifecycle.interrupt import Interrupt
from meshctl.lifecycle.locking import EVERYTHING
from meshctl.lifecycle.namespace import ensure_namespace, usable_namespace
from meshctl.lifecycle.options import StartOptions
from meshctl.lifecycle.order import start_order, stop_order
from meshctl.lifecycle.preview import dry_run, sketch
from meshctl.lifecycle.remembering import rememberer
from meshctl.lifecycle.routes import lost_routes
from meshctl.lifecycle.run import Run
from meshctl.lifecycle.sets import Sets, enlist
from meshctl.lifecycle.settling import until_ready
from meshctl.lifecycle.turn import Task, Turn
from meshctl.lifecycle.walk import Walk
from meshctl.manifest import NAMESPACE_SERVICE, Bundle

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.plan import Plan


def start(
    plan: Plan,
    bundle: Bundle,
    cluster: Cluster | None,
    options: StartOptions,
    interrupt: Interrupt,
    *,
    action: str = "start",
) -> Iterator[Event]:
    """Events from Planned to Finished. Raises nothing of ours. A client's dry run needs no cluster."""
    planned = Planned(
        action=action,
        namespace=bundle.namespace,
        context=cluster.target.context if cluster else "",
        services=_services(plan, bundle),
        objects=len(bundle),
    )
    if cluster is None or options.dry_run == "client":
        return sketch(planned, bundle)
    run = Run(plan.config, cluster, options, interrupt)
    if options.dry_run == "server":
        return run.conduct(dry_run(run, planned, plan, bundle, options), planned)
    remember = rememberer(plan.config, cluster, options.command, bundle)
    return run.conduct(iter(_Start(run, planned, plan, bundle, options)), planned, remember)


class _Start:
    """The steps of a start. Iterate it once."""

    def __init__(self, run: Run, planned: Planned, plan: Plan, bundle: Bundle, options: StartOptions) -> None:
        self._run = run
        self._planned = planned
        self._plan = plan
        self._bundle = bundle
        self._options = options
        self._applier = Applier(run, bundle.namespace, bundle, options)
        self._sets = Sets(run, bundle, prunes=options.prune, everything=options.everything)
        self._done: list[str] = []

    def __iter__(self) -> Iterator[Event]:
        """The plan tells what is pruned, so what is there is looked at first."""
        live = usable_namespace(self._run)
        if live:
            self._sets.listen()
        prunes = [body for _, body in self._sets.leaving_all()]
        yield replace(self._planned, prunes=tuple(ObjectRef.of(body) for body in prunes))
        yield from ensure_namespace(self._run, live, ttl=self._options.ttl)
        yield from self._run.hold(self._planned.action, [EVERYTHING] if self._sets.orphans else self._services)
        if not live:
            self._sets.listen()
        order = start_order(self._plan, self._planned.services)
        yield from Walk(self._run, self._planned.services, order, self._service)
        yield from self._prune({body["metadata"]["uid"] for body in prunes})
        if not self._run.interrupt.is_set():
            yield from lost_routes(self._run, self._bundle)

    @property
    def _services(self) -> list[str]:
        return [name for name in self._planned.services if name != NAMESPACE_SERVICE]

    def _service(self, turn: Turn) -> Task:
        manifests = self._bundle.of(turn.service)
        refs = [manifest.ref for manifest in manifests]
        yield from enlist(turn, refs, take_ownership=self._options.take_ownership)
        yield from self._applier.apply(turn, manifests)
        if self._options.wait:
            yield from until_ready(turn, refs)
        self._done.append(turn.service)

    def _prune(self, planned: Collection[str]) -> Iterator[Event]:
        """What left a service goes when the service is up, what left the config when everything is."""
        if self._run.interrupt.is_set() or (self._options.fail_fast and self._run.tally.exit):
            return
        everything_is_up = not self._run.tally.exit
        names = [*self._done, *(self._sets.more if everything_is_up else ())]
        unsettled = [name for name in names if not self._sets.is_settled(name)]
        yield from Walk(self._run, unsettled, stop_order(None, unsettled), lambda turn: self._sets.prune(turn, planned))
        stayed = [body for _, body in self._sets.leaving_all() if body["metadata"]["uid"] in planned]
        if stayed and not everything_is_up:
            yield Warned(code="NotPruned", message=f"{len(stayed)} to be pruned, but kept until everything is up")


def _services(plan: Plan, bundle: Bundle) -> tuple[str, ...]:
    """The plan's, after what comes before all of them."""
    return (*(name for name in bundle.services if name not in plan.needs), *plan.services)
