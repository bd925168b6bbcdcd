"""Priority tiers: which one a service is in, and the barriers that order them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from meshctl.config import Config

Tier = Literal["high", "mid", "low", "rest"]
TIERS: tuple[Tier, ...] = ("high", "mid", "low", "rest")
RANK: Mapping[Tier, int] = {tier: rank for rank, tier in enumerate(TIERS)}


def declared_tiers(config: Config) -> dict[str, Tier]:
    """The tier that the project file gives each service; a service in two lists is in the higher one."""
    tiers: dict[str, Tier] = dict.fromkeys(config.services, "rest")
    lists: tuple[tuple[Tier, Sequence[str]], ...] = (("low", config.low), ("mid", config.mid), ("high", config.high))
    for tier, members in lists:
        tiers.update(dict.fromkeys(members, tier))
    return tiers


def effective_tiers(config: Config, order: Sequence[str]) -> dict[str, Tier]:
    """Each service's tier after priority inheritance: what a tier needs, directly or not, is in that tier or above.

    Reckoned over the whole project, so that a service's tier does not change with the selection. `order` is a start
    order of the project: walked backwards, every service is final before what it needs is looked at.
    """
    tiers = declared_tiers(config)
    for name in reversed(order):
        for need in config.services[name].needs:
            if RANK[tiers[name]] < RANK[tiers[need]]:
                tiers[need] = tiers[name]
    return tiers


def by_tier(services: Iterable[str], tiers: Mapping[str, Tier]) -> list[tuple[Tier, list[str]]]:
    """The tiers that have members, highest first, each with its members in the given order."""
    members: dict[Tier, list[str]] = {tier: [] for tier in TIERS}
    for name in services:
        members[tiers[name]].append(name)
    return [(tier, names) for tier, names in members.items() if names]


def barrier_of(tier: Tier) -> str:
    """The barrier's name in the graph. The colon keeps it apart from every service: those are DNS labels."""
    return f"tier:{tier}"


def is_barrier(node: str) -> bool:
    return ":" in node
