"""Configurations for tests of the plan, written as `{service: its needs}`; and the same at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from meshctl.config import Choice, ClusterRules, Config, Group, Istio, Service
from meshctl.errors import Where

FILE = "configs/dev.yaml"
NONE = Choice()

settings.register_profile("untimed", deadline=None)  # a machine that is busy with other tests is slow
settings.load_profile("untimed")


def project(
    needs: Mapping[str, Sequence[str]],
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    enable: Choice = NONE,
    disable: Choice = NONE,
    **lists: Sequence[str],
) -> Config:
    """Service number n is on line n, its needs in columns 10, 20, …; `lists` are must_deps, high, mid and low."""
    groups = groups or {}
    return Config(
        project_root=Path("/project"),
        file=Path("/project", FILE),
        environment="dev",
        project="shop",
        namespace="dev-anna",
        user="anna",
        output_path=Path("/project/output"),
        template_paths=(Path("/project/templates"),),
        ttl="",
        vars={},
        services={
            name: Service(
                name,
                Where(FILE, line, 3),
                needs=tuple(wanted),
                groups=tuple(group for group, members in groups.items() if name in members),
                need_where={need: Where(FILE, line, column * 10) for column, need in enumerate(wanted, 1)},
            )
            for line, (name, wanted) in enumerate(needs.items(), 1)
        },
        groups={name: Group(name, tuple(members), tuple(members)) for name, members in groups.items()},
        enable=enable,
        disable=disable,
        istio=Istio(),
        cluster=ClusterRules(),
        ignore=(),
        warnings=(),
        effective={},
        origins=(),
        find=lambda _: Where(FILE),
        **{field: tuple(lists.get(field, ())) for field in ("must_deps", "high", "mid", "low")},
    )


@st.composite
def projects(draw: st.DrawFn, *, most: int = 12) -> Config:
    """A project without cycles: declared in one order, needing in another."""
    names = [f"s{number}" for number in range(draw(st.integers(1, most)))]
    ranks = draw(st.permutations(range(len(names))))
    needs: dict[str, Any] = {}
    for name, rank in zip(names, ranks, strict=True):
        lower = [other for other, its_rank in zip(names, ranks, strict=True) if its_rank < rank]
        needs[name] = draw(st.lists(st.sampled_from(lower), unique=True, max_size=4)) if lower else []
    some = st.lists(st.sampled_from(names), unique=True, max_size=4)
    return project(needs, must_deps=draw(some), high=draw(some), mid=draw(some), low=draw(some))


def all_needs(config: Config, name: str) -> set[str]:
    """What the service needs, directly or not, by the plainest of definitions."""
    direct = set(config.services[name].needs)
    return direct.union(*(all_needs(config, need) for need in direct))
