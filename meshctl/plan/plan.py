"""The plan: the services that are meant, in an order that is always the same, and what each waits for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import pairwise
from operator import or_
from typing import TYPE_CHECKING, Literal, NamedTuple

from meshctl.config import Config
from meshctl.errors import UsageError, did_you_mean
from meshctl.plan.order import inverse, project_order, reach
from meshctl.plan.schedule import Schedule
from meshctl.plan.selection import Selection, selected
from meshctl.plan.tiers import RANK, Tier, barrier_of, by_tier, effective_tiers

if TYPE_CHECKING:
    from networkx import DiGraph


class Edge(NamedTuple):
    """`from_` waits for `to`."""

    from_: str
    to: str
    kind: Literal["needs", "tier"]


@dataclass(frozen=True)
class Plan:
    """`services` is a start order: by tier, then what is needed first, then as declared. `needs` are the hard edges
    among them, also those that lead through services outside of the plan; `tiers` the effective ones."""

    config: Config
    services: tuple[str, ...]
    needs: Mapping[str, frozenset[str]]
    tiers: Mapping[str, Tier]

    def schedule(self) -> Schedule:
        """The walk in start order."""
        return Schedule(self.services, self.waits)

    def reverse(self) -> Schedule:
        """The walk in stop order: every edge turned round, tiers too."""
        return Schedule(self.services[::-1], inverse(self.waits))

    @cached_property
    def waits(self) -> Mapping[str, tuple[str, ...]]:
        """What each service and each barrier waits for; a barrier stands between two tiers that have members.

        It waits for the barrier before it, too: all members of its own tier may be blocked while that one is not over.
        """
        waits: dict[str, tuple[str, ...]] = {}
        before: tuple[str, ...] = ()
        tiers = by_tier(self.services, self.tiers)
        for tier, members in tiers:
            for name in members:
                waits[name] = (*sorted(self.needs[name]), *before)
            if tier != tiers[-1][0]:
                waits[barrier_of(tier)] = (*members, *before)
                before = (barrier_of(tier),)
        return waits

    def edges(self) -> list[Edge]:
        """Needs, and between neighbouring tiers one edge for each pair that needs do not order already; sorted."""
        edges = [Edge(name, need, "needs") for name in self.services for need in self.needs[name]]
        bits, needed = self._all_needs()
        tiers = [members for _, members in by_tier(self.services, self.tiers)]
        for above, below in pairwise(tiers):
            edges += [Edge(name, to, "tier") for name in below for to in above if not needed[name] & bits[to]]
        return sorted(edges)

    def only(self, names: Collection[str]) -> Plan:
        """The plan of these services alone. Who waited for another through one that is left out still does."""
        within: dict[str, frozenset[str]] = {}
        for name in self.services:
            direct = self.needs[name]
            within[name] = direct.intersection(names).union(*(within[need] for need in direct if need not in names))
        services = tuple(name for name in self.services if name in names)
        return replace(
            self,
            services=services,
            needs={name: within[name] for name in services},
            tiers={name: self.tiers[name] for name in services},
        )

    def graph(self) -> DiGraph[str]:
        """The same graph for networkx: an edge leads to what is waited for; barriers are nodes with `barrier` set."""
        import networkx as nx

        graph: DiGraph[str] = nx.DiGraph()
        for name in self.services:
            graph.add_node(name, tier=self.tiers[name], barrier=False)
        for node, before in self.waits.items():
            if node not in self.needs:
                graph.add_node(node, barrier=True)
            graph.add_edges_from((node, each) for each in before)
        return graph

    def _all_needs(self) -> tuple[dict[str, int], dict[str, int]]:
        """Each service's bit, and the bits of all that it needs, directly or not: sets would be quadratic."""
        bits = {name: 1 << place for place, name in enumerate(self.services)}
        needed: dict[str, int] = {}
        for name in self.services:
            needed[name] = reduce(or_, (bits[need] | needed[need] for need in self.needs[name]), 0)
        return bits, needed


def select(config: Config, selection: Selection, *, closure: bool) -> Plan:
    """The plan of what is meant. `closure` takes along `must_deps` and what is needed (gen, check, diff, start, graph).

    Raises UsageError for unknown names or when nothing is left, ConfigError or Problems for cycles.
    """
    return whole(config).only(selected(config, selection, closure=closure))


def whole(config: Config) -> Plan:
    """The plan of every service. Raises ConfigError or Problems for cycles."""
    order = project_order(config)
    tiers = effective_tiers(config, order)
    services = tuple(sorted(order, key=lambda name: RANK[tiers[name]]))
    needs = {name: frozenset(config.services[name].needs) for name in services}
    return Plan(config, services, needs, {name: tiers[name] for name in services})


def focus(plan: Plan, *, needs_of: Collection[str] = (), needed_by: Collection[str] = ()) -> Plan:
    """Of the plan, what the first need and what needs the second, directly or not, with themselves; all when both
    are empty. Raises UsageError for a name that is not in the plan."""
    if not (needs_of or needed_by):
        return plan
    for name in (*needs_of, *needed_by):
        if name not in plan.needs:
            raise UsageError(f"{name!r} is not in the selection", suggestion=did_you_mean(name, plan.services))
    return plan.only(reach(plan.needs, needs_of) | reach(inverse(plan.needs), needed_by))
