"""Where the boxes of a picture stand and how its lines run: layers from left to right in start order.

After Sugiyama: a service stands right of all that it needs and of every higher tier, a line that passes a layer has a
place of its own there, places in a layer are sorted by the mean of their neighbours', which leaves few crossings, and
are then moved towards that mean as far as the boxes above and below allow, which straightens the lines.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from meshctl.plan.plan import Plan
from meshctl.plan.tiers import Tier, by_tier

LETTER = 7.3  # width of a letter of the monospaced font, in pixels as everything here
HEIGHT, PADDING = 26.0, 12.0  # of a box
ROW, PASSING = 40.0, 16.0  # from one box to the next, and room for a line that passes
GAP, MARGIN, TITLE = 84.0, 24.0, 56.0
SWEEPS = 12  # there and back; more change nothing that one could see
FEWEST_ROWS = 14  # a layer that has more, and more than its share, gets several columns

Point = tuple[float, float]


class Box(NamedTuple):
    """`x` and `y` are of the middle of its left side."""

    name: str
    tier: Tier
    x: float
    y: float
    width: float


class Line(NamedTuple):
    """From who waits to what is waited for, by the points where it passes a layer."""

    from_: str
    to: str
    points: tuple[Point, ...]


class Band(NamedTuple):
    """The layers of a tier."""

    tier: Tier
    x: float
    width: float


@dataclass(frozen=True)
class Drawing:
    width: float
    height: float
    bands: tuple[Band, ...]
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


class _Passing(NamedTuple):
    """A line's place in a layer that it passes."""

    from_: str
    to: str
    layer: int


_Place = str | _Passing


def layout(plan: Plan) -> Drawing:
    layers = _layers(plan)
    edges = [(name, need) for name in plan.services for need in sorted(plan.needs[name])]
    chains = {edge: _chain(*edge, layers) for edge in edges}
    columns = _sorted_columns(_columns(plan.services, layers, chains.values()), chains.values())
    ys = _heights(columns, _neighbours(chains.values()))
    boxes = dict(_boxes(plan, columns, ys))
    lines = [Line(*edge, tuple(_points(chain, boxes, columns, ys))) for edge, chain in chains.items()]
    right = max(box.x + box.width for box in boxes.values()) + MARGIN
    return Drawing(
        right, max(ys.values()) + HEIGHT / 2 + MARGIN, tuple(_bands(plan, boxes)), (*boxes.values(),), (*lines,)
    )


def _layers(plan: Plan) -> dict[str, int]:
    """The column of each service: right of what it needs, and of the tiers above; crowded ones are spread."""
    layers: dict[str, int] = {}
    first = 0
    for _, members in by_tier(plan.services, plan.tiers):
        ranks = _ranks(members, plan.needs)
        for rank in range(max(ranks.values()) + 1):
            same = [name for name in members if ranks[name] == rank]
            rows = _rows(len(same), len(plan.services))
            layers.update((name, first + place // rows) for place, name in enumerate(same))
            first += math.ceil(len(same) / rows)
    return layers


def _ranks(members: Sequence[str], needs: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """The longest way to each within its tier; `members` are in start order."""
    ranks: dict[str, int] = {}
    for name in members:
        ranks[name] = max((ranks[need] + 1 for need in needs[name] if need in ranks), default=0)
    return ranks


def _rows(members: int, services: int) -> int:
    most = max(FEWEST_ROWS, round(2 * math.sqrt(services)))
    return math.ceil(members / math.ceil(members / most))


def _chain(from_: str, to: str, layers: Mapping[str, int]) -> list[_Place]:
    passed = range(layers[from_] - 1, layers[to], -1)
    return [from_, *(_Passing(from_, to, layer) for layer in passed), to]


def _columns(
    services: Iterable[str], layers: Mapping[str, int], chains: Iterable[Sequence[_Place]]
) -> list[list[_Place]]:
    columns: list[list[_Place]] = [[] for _ in range(max(layers.values()) + 1)]
    for name in services:
        columns[layers[name]].append(name)
    for chain in chains:
        for place in chain:
            if isinstance(place, _Passing):
                columns[place.layer].append(place)
    return columns


def _neighbours(chains: Iterable[Sequence[_Place]]) -> dict[_Place, list[_Place]]:
    found: dict[_Place, list[_Place]] = defaultdict(list)
    for chain in chains:
        for left, right in pairwise(chain):
            found[left].append(right)
            found[right].append(left)
    return found


def _sorted_columns(columns: list[list[_Place]], chains: Iterable[Sequence[_Place]]) -> list[list[_Place]]:
    neighbours = _neighbours(chains)
    for sweep in range(SWEEPS):
        order = range(1, len(columns)) if sweep % 2 == 0 else range(len(columns) - 2, -1, -1)
        for index in order:
            beside = columns[index - 1 if sweep % 2 == 0 else index + 1]
            rank = {place: (number + 0.5) / len(beside) for number, place in enumerate(beside)}
            own = {place: (number + 0.5) / len(columns[index]) for number, place in enumerate(columns[index])}
            wanted = {
                place: _mean((rank[each] for each in neighbours[place] if each in rank), own[place]) for place in own
            }
            columns[index] = sorted(columns[index], key=wanted.__getitem__)
    return columns


def _mean(values: Iterable[float], otherwise: float) -> float:
    found = list(values)
    return sum(found) / len(found) if found else otherwise


def _heights(columns: Sequence[Sequence[_Place]], neighbours: Mapping[_Place, list[_Place]]) -> dict[_Place, float]:
    ys = {place: y for column in columns for place, y in zip(column, _stacked(column), strict=True)}
    middle = max(ys.values()) / 2
    for column in columns:
        shift = middle - (ys[column[0]] + ys[column[-1]]) / 2
        ys.update({place: ys[place] + shift for place in column})
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wanted = [_mean((ys[each] for each in neighbours.get(place, ())), ys[place]) for place in column]
            ys.update(zip(column, _apart(wanted, _stacked(column)), strict=True))
    top = min(ys.values()) - TITLE - HEIGHT / 2
    return {place: y - top for place, y in ys.items()}


def _stacked(column: Sequence[_Place]) -> list[float]:
    """The heights of a column's places one below the other, as close as may be."""
    ys = [0.0]
    for above, below in pairwise(column):
        ys.append(ys[-1] + (_room(above) + _room(below)) / 2)
    return ys


def _room(place: _Place) -> float:
    return ROW if isinstance(place, str) else PASSING


def _apart(wanted: Sequence[float], stacked: Sequence[float]) -> Iterator[float]:
    """The heights nearest to the wanted ones, by least squares, of which none is closer to the next than `stacked`:
    an isotonic regression, by pooling adjacent violators."""
    pools: list[tuple[float, int]] = []
    for wish, least in zip(wanted, stacked, strict=True):
        pools.append((wish - least, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (last, count), (before, size) = pools.pop(), pools.pop()
            pools.append(((last * count + before * size) / (count + size), count + size))
    return (mean + least for mean, least in zip((mean for mean, n in pools for _ in range(n)), stacked, strict=True))


def _boxes(plan: Plan, columns: Sequence[Sequence[_Place]], ys: Mapping[_Place, float]) -> Iterator[tuple[str, Box]]:
    left = MARGIN
    for column in columns:
        names = [place for place in column if isinstance(place, str)]
        width = max(len(name) for name in names) * LETTER + 2 * PADDING
        for name in names:
            yield name, Box(name, plan.tiers[name], left, ys[name], width)
        left += width + GAP


def _points(
    chain: Sequence[_Place], boxes: Mapping[str, Box], columns: Sequence[Sequence[_Place]], ys: Mapping[_Place, float]
) -> Iterator[Point]:
    """From the left side of the one box, straight through the layers between, to the right side of the other."""
    for place in chain:
        if isinstance(place, _Passing):
            beside = next(boxes[each] for each in columns[place.layer] if isinstance(each, str))
            yield from ((beside.x + beside.width, ys[place]), (beside.x, ys[place]))
        else:
            box = boxes[place]
            yield (box.x if place == chain[0] else box.x + box.width, box.y)


def _bands(plan: Plan, boxes: Mapping[str, Box]) -> Iterator[Band]:
    for tier, members in by_tier(plan.services, plan.tiers):
        left = min(boxes[name].x for name in members)
        right = max(boxes[name].x + boxes[name].width for name in members)
        yield Band(tier, left - PADDING, right - left + 2 * PADDING)
