"""Schedules that are more than a plan's: `_namespace` before or after all, services that the config has forgotten."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from meshctl.manifest import NAMESPACE_SERVICE
from meshctl.plan import Plan, Schedule
from meshctl.plan.order import inverse


def start_order(plan: Plan, services: Collection[str]) -> Schedule:
    """The plan's; services that it does not know wait for nobody, and all for `_namespace` if that is among them."""
    first = (NAMESPACE_SERVICE,) if NAMESPACE_SERVICE in services else ()
    waits = {name: first for name in services if name != NAMESPACE_SERVICE}
    waits |= {node: (*before, *first) for node, before in plan.waits.items()}
    return Schedule([*services], {**dict.fromkeys(first, ()), **waits})


def stop_order(plan: Plan | None, services: Collection[str]) -> Schedule:
    """The plan's reverse; services that no plan knows wait for nobody, `_namespace` waits for all."""
    waits: dict[str, Sequence[str]] = {name: () for name in services if name != NAMESPACE_SERVICE}
    if plan:
        waits |= inverse(plan.waits)
    order = [name for name in services if name != NAMESPACE_SERVICE]
    if NAMESPACE_SERVICE in services:
        waits[NAMESPACE_SERVICE] = tuple(order)
        order.append(NAMESPACE_SERVICE)
    return Schedule(order, waits)
