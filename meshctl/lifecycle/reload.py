"""reload: new ConfigMaps and Secrets for what runs, and new pods only where one that they use has changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from meshctl.compare import owned
from meshctl.errors import ClusterError, MeshctlError
from meshctl.events import Applied, Event, Planned
from meshctl.lifecycle.applying import Applier
from meshctl.lifecycle.failing import failed
from meshctl.lifecycle.interrupt import Interrupt
from meshctl.lifecycle.options import ReloadOptions
from meshctl.lifecycle.order import stop_order
from meshctl.lifecycle.ownership import not_ours, other_owner
from meshctl.lifecycle.remembering import rememberer
from meshctl.lifecycle.run import Run
from meshctl.lifecycle.sets import enlist
from meshctl.lifecycle.settling import until_ready
from meshctl.lifecycle.turn import Stuck, Task, Turn
from meshctl.lifecycle.walk import Walk
from meshctl.lifecycle.world import Scope, scope_of
from meshctl.manifest import ANNOTATION_CONFIG_HASH, Bundle, Manifest, pod_template

if TYPE_CHECKING:
    from meshctl.cluster import Cluster
    from meshctl.plan import Plan

CONFIGURATION = ("ConfigMap", "Secret")


def reload(
    plan: Plan, bundle: Bundle, cluster: Cluster, options: ReloadOptions, interrupt: Interrupt
) -> Iterator[Event]:
    """Events from Planned to Finished. Raises nothing of ours.

    `plan` has the services to reload; `bundle` may have more, as render needs what they need to know its hashes.
    """
    run = Run(plan.config, cluster, options, interrupt)
    reloading = _Reload(run, plan, bundle, options)
    remember = rememberer(plan.config, cluster, options.command, None)
    return run.conduct(iter(reloading), reloading.planned(plan.services, 0), remember)


class _Reload:
    """The steps of a reload. Iterate it once."""

    def __init__(self, run: Run, plan: Plan, bundle: Bundle, options: ReloadOptions) -> None:
        self._run = run
        self._plan = plan
        self._options = options
        self._configuration: dict[str, list[Manifest]] = {}
        self._workloads: dict[str, list[Manifest]] = {}
        self._signs: dict[str, list[Manifest]] = {}
        for name in plan.services:
            manifests = bundle.of(name)
            self._configuration[name] = [each for each in manifests if each.ref.kind in CONFIGURATION]
            self._workloads[name] = [each for each in manifests if _hash(each.body)]
            self._signs[name] = [*self._configuration[name], *(each for each in manifests if pod_template(each.body))]
        self._applier = Applier(run, bundle.namespace, (), options)

    def __iter__(self) -> Iterator[Event]:
        """All configuration first: a service may read that of another which it does not need."""
        config = self._plan.config
        names = self._plan.services
        scopes = [scope_of(each.ref, config) for name in names for each in self._signs[name]]
        self._run.listen([Scope("v1", "ConfigMap", config.namespace), *scopes])
        running = [name for name in names if any(self._run.world.get(each.ref) for each in self._signs[name])]
        if not running:
            raise ClusterError(
                f"nothing of this selection runs in {self._plan.config.namespace}",
                code="NotRunning",
                suggestion="meshctl start",
            )
        yield self.planned(running, sum(len(self._of(name)) for name in running))
        yield from self._run.hold("reload", running)
        yield from Walk(self._run, running, stop_order(None, running), self._configure)
        plan = self._plan.only([name for name in running if name not in self._run.tally.failed])
        yield from Walk(self._run, plan.services, plan.schedule(), self._roll)

    def planned(self, services: Any, objects: int) -> Planned:
        return Planned(
            action="reload",
            namespace=self._plan.config.namespace,
            context=self._run.cluster.target.context,
            services=tuple(services),
            objects=objects,
        )

    def _of(self, service: str) -> list[Manifest]:
        return [*self._configuration[service], *self._workloads[service]]

    def _configure(self, turn: Turn) -> Task:
        refs = [manifest.ref for manifest in self._configuration[turn.service]]
        yield from enlist(turn, refs, take_ownership=self._options.take_ownership)
        yield from self._applier.apply(turn, self._configuration[turn.service])

    def _roll(self, turn: Turn) -> Task:
        stale = [each for each in self._workloads[turn.service] if self._is_stale(each)]
        for manifest in stale:
            try:
                live = yield from turn.ask(self._mark, manifest)
            except MeshctlError as error:
                raise Stuck(failed(turn, manifest.ref, error, origin=manifest)) from error
            self._run.world.put(live)
            yield Applied(service=turn.service, object=manifest.ref, operation="restarted")
        if self._options.wait:
            yield from until_ready(turn, [each.ref for each in stale])

    def _is_stale(self, manifest: Manifest) -> bool:
        """Runs, with another configuration than the one that is now."""
        live = self._run.world.get(manifest.ref)
        return live is not None and _hash(live) != _hash(manifest.body)

    def _mark(self, manifest: Manifest) -> Mapping[str, Any]:
        """Changes nothing but the annotation, and keeps what we own: the next start finds all as it wants it."""
        live = self._run.world.get(manifest.ref)
        if live is None:
            raise ClusterError(f"{manifest.ref} is gone", code="Deleted")
        if not self._options.take_ownership and (owner := other_owner(live, manifest.body, manifest.ref.namespace)):
            raise not_ours(manifest.ref, owner)
        body = deepcopy(owned(live))
        template = pod_template(body) if body else None
        if body is None or template is None:
            raise ClusterError(
                f"{manifest.ref} was not applied by meshctl",
                code="NotApplied",
                suggestion=f"meshctl start {manifest.service}",
            )
        template.setdefault("metadata", {}).setdefault("annotations", {})[ANNOTATION_CONFIG_HASH] = _hash(manifest.body)
        return self._run.breaker.ask(manifest.ref, self._run.cluster.apply, body).object


def _hash(body: Mapping[str, Any]) -> str:
    """Of the configuration that a workload's pods use; empty when they use none."""
    template = pod_template(body) or {}
    return str(((template.get("metadata") or {}).get("annotations") or {}).get(ANNOTATION_CONFIG_HASH, ""))
