"""A start order that never depends on luck, and the cycles that make one impossible."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from meshctl.config import Config
from meshctl.errors import ConfigError, MeshctlError, raise_all

if TYPE_CHECKING:
    from networkx import DiGraph

MANY = 20  # more cycles than these are not all named: mending some shows the others, if there still are any


def project_order(config: Config) -> list[str]:
    """Every service of the project, what is needed first. Raises ConfigError or Problems that name the cycles."""
    needs = {name: service.needs for name, service in config.services.items()}
    position = {name: place for place, name in enumerate(needs)}
    order = topological_order(needs, position.__getitem__)
    if len(order) < len(needs):
        raise_all(_cycle_errors(config, needs.keys() - order))
    return order


def check_cycles(config: Config) -> None:
    """Raises ConfigError, or Problems when there are several, that name each cycle edge by edge with its lines."""
    project_order(config)


def topological_order(waits: Mapping[str, Collection[str]], key: Callable[[str], Any]) -> list[str]:
    """What is waited for first; among those whose turn it is, the smallest `key`. Members of cycles, and what waits
    for them, are left out."""
    followers = inverse(waits)
    missing = {name: len(set(needs)) for name, needs in waits.items()}
    turn = [(key(name), name) for name, count in missing.items() if not count]
    heapq.heapify(turn)
    order = []
    while turn:
        _, name = heapq.heappop(turn)
        order.append(name)
        for follower in followers[name]:
            missing[follower] -= 1
            if not missing[follower]:
                heapq.heappush(turn, (key(follower), follower))
    return order


def inverse(waits: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """The same edges, turned round: node → who waits for it."""
    followers: dict[str, list[str]] = {name: [] for name in waits}
    for name, needs in waits.items():
        for need in dict.fromkeys(needs):
            followers[need].append(name)
    return followers


def reach(edges: Mapping[str, Collection[str]], names: Collection[str]) -> set[str]:
    """The names and all that they lead to."""
    reached = set(names)
    turn = list(reached)
    while turn:
        fresh = set(edges[turn.pop()]) - reached
        reached |= fresh
        turn.extend(fresh)
    return reached


def _cycle_errors(config: Config, names: Collection[str]) -> list[MeshctlError]:
    return [_cycle_error(config, cycle) for cycle in _cycles(config, names)]


def _cycle_error(config: Config, cycle: Sequence[str]) -> ConfigError:
    edges = [(f"{name} needs {need}", config.services[name].need_where.get(need)) for name, need in _edges(cycle)]
    words = ", ".join(f"{text} ({place})" if place else text for text, place in edges)
    return ConfigError(
        f"a dependency cycle: {words}",
        code="MSH015",
        where=edges[0][1] or config.services[cycle[0]].where,
        suggestion="take one of these needs out",
    )


def _cycles(config: Config, names: Collection[str]) -> list[list[str]]:
    """All of them, unless there are very many: then some that share no edge. Each begins with its first service."""
    import networkx as nx

    waits = {name: [need for need in config.services[name].needs if need in names] for name in config.services}
    graph: DiGraph[str] = nx.DiGraph((name, need) for name in waits if name in names for need in waits[name])
    position = {name: place for place, name in enumerate(waits)}
    cycles = list(islice(nx.simple_cycles(graph), MANY + 1))
    if len(cycles) > MANY:
        return _disjoint_cycles(graph, position)
    return sorted((_rotated(cycle, position) for cycle in cycles), key=lambda cycle: [position[name] for name in cycle])


def _rotated(cycle: list[str], position: Mapping[str, int]) -> list[str]:
    start = cycle.index(min(cycle, key=position.__getitem__))
    return [*cycle[start:], *cycle[:start]]


def _disjoint_cycles(graph: DiGraph[str], position: Mapping[str, int]) -> list[list[str]]:
    """Of each tangle the shortest cycle through its first service, then again without its edges."""
    import networkx as nx

    cycles: list[list[str]] = []
    while len(cycles) < MANY:
        found = [
            _shortest_cycle(graph, min(tangle, key=position.__getitem__))
            for tangle in nx.strongly_connected_components(graph)
            if len(tangle) > 1 or any(graph.has_edge(name, name) for name in tangle)
        ]
        if not found:
            break
        cycles.extend(sorted(found, key=lambda cycle: position[cycle[0]]))
        graph.remove_edges_from(edge for cycle in found for edge in _edges(cycle))
    return cycles


def _shortest_cycle(graph: DiGraph[str], start: str) -> list[str]:
    """The way from `start` back to itself, without the return to it; `start` is known to be on a cycle."""
    came_from: dict[str, str] = {}
    turn = deque([start])
    while start not in came_from:
        name = turn.popleft()
        for need in graph.successors(name):
            if need not in came_from:
                came_from[need] = name
                turn.append(need)
    cycle = [start]
    while (name := came_from[cycle[-1]]) != start:
        cycle.append(name)
    return [start, *reversed(cycle[1:])]


def _edges(cycle: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(cycle, [*cycle[1:], cycle[0]], strict=True))
