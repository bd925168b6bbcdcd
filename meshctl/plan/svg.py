"""The plan as SVG, and as a page of HTML around it that needs nothing else. Light or dark as the reader's system is."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import pairwise
from pathlib import Path

from meshctl.plan.layout import HEIGHT, PADDING, Band, Box, Drawing, Line, layout
from meshctl.plan.plan import Plan

PAGE = Path(__file__).with_name("graph.html")
STYLE = Path(__file__).with_name("graph.css")
_LEGEND = "Starts from left to right. A line leads to what is needed."


def svg(plan: Plan) -> str:
    return "\n".join(_svg(layout(plan), plan)) + "\n"


def html(plan: Plan) -> str:
    """The picture in a page where a service shows, when pointed at or clicked, what it needs and what needs it."""
    title = escape(f"{plan.config.project}: {len(plan.services)} services")
    return PAGE.read_text("utf-8").replace("@TITLE@", title).replace("@GRAPH@", svg(plan))


def _svg(drawing: Drawing, plan: Plan) -> Iterator[str]:
    width, height = round(max(drawing.width, 420)), round(drawing.height)
    label = escape(f"The services of {plan.config.project} and what they need")
    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    yield f'     role="img" aria-label="{label}">'
    yield f"<style>\n{STYLE.read_text('utf-8').strip()}\n</style>"
    yield '<marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    yield '  <path class="tip" d="M0,0 L8,4 L0,8 z"/></marker>'
    yield f'<rect class="paper" width="{width}" height="{height}"/>'
    yield f'<text class="legend" x="12" y="18">{_LEGEND}</text>'
    yield from (_band(band, drawing.height) for band in drawing.bands)
    yield from (_line(line) for line in drawing.lines)
    yield from (_box(box, plan) for box in drawing.boxes)
    yield "</svg>"


def _band(band: Band, height: float) -> str:
    return (
        f'<g class="band"><rect x="{band.x:.1f}" y="28" width="{band.width:.1f}" height="{height - 36:.1f}" rx="6"/>'
        f'<text x="{band.x + PADDING:.1f}" y="44">{band.tier}</text></g>'
    )


def _line(line: Line) -> str:
    (x, y), *_ = line.points
    curves = [_curve(start, end) for start, end in pairwise(line.points)]
    path = f"M{x:.1f},{y:.1f} {' '.join(curves)}"
    return f'<path class="need" data-from="{line.from_}" data-to="{line.to}" d="{path}" marker-end="url(#arrow)"/>'


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    middle = (start[0] + end[0]) / 2
    return f"C{middle:.1f},{start[1]:.1f} {middle:.1f},{end[1]:.1f} {end[0]:.1f},{end[1]:.1f}"


def _box(box: Box, plan: Plan) -> str:
    needs = ", ".join(sorted(plan.needs[box.name])) or "nothing"
    name, top = escape(box.name), box.y - HEIGHT / 2
    return (
        f'<g class="service {box.tier}" data-name="{name}" tabindex="0"><title>{name} needs {needs}</title>'
        f'<rect x="{box.x:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{HEIGHT:.1f}" rx="5"/>'
        f'<text x="{box.x + PADDING:.1f}" y="{box.y + 4:.1f}">{name}</text></g>'
    )
