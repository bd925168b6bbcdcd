"""Groups within groups: their services, and the ones that contain themselves."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from meshctl.config.settings import Setting
from meshctl.errors import ConfigError

_NESTED = "@"


def groups_within_themselves(root: Setting) -> Iterator[ConfigError]:
    """Names the circle, membership by membership, each with its line."""
    try:
        _sorter(root).prepare()
    except CycleError as error:
        yield _circle(root, error.args[1][::-1])


def flattened(root: Setting) -> dict[str, tuple[str, ...]]:
    """Each group's services in order, each once. Groups do not contain themselves: that has been checked."""
    found: dict[str, tuple[str, ...]] = {}
    for group in _sorter(root).static_order():
        services: dict[str, None] = {}
        for member in root.items("service_group", group):
            name = member.value.removeprefix(_NESTED)
            services.update(dict.fromkeys(found.get(name, ()) if name != member.value else (name,)))
        found[group] = tuple(services)
    return {group: found[group] for group in root.mapping("service_group")}


def _sorter(root: Setting) -> TopologicalSorter[str]:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for group in root.mapping("service_group"):
        members = [member.value for member in root.items("service_group", group)]
        sorter.add(group, *(member[1:] for member in members if member.startswith(_NESTED)))
    return sorter


def _circle(root: Setting, groups: list[str]) -> ConfigError:
    """`groups` ends with the one that it begins with; told from the one that is declared first."""
    edges = list(pairwise(groups))
    first = next(name for name in root.mapping("service_group") if name in groups)
    while edges[0][0] != first:
        edges.append(edges.pop(0))
    members = [_member(root, outer, inner) for outer, inner in edges]
    told = ", ".join(
        f"{outer} contains {inner} ({member.where()})" for (outer, inner), member in zip(edges, members, strict=True)
    )
    message = f"the group {first} contains itself: {told}"
    return ConfigError(message, code="MSH014", where=members[0].where(), suggestion="take one of these out")


def _member(root: Setting, group: str, nested: str) -> Setting:
    return next(member for member in root.items("service_group", group) if member.value == _NESTED + nested)
