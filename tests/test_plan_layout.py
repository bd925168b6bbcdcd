"""The picture of a plan: nothing overlaps, lines run from right to left, and what is drawn is what there is."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st
from projects import project

from meshctl.plan import Plan, export, whole
from meshctl.plan.layout import HEIGHT, layout

SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    names = [f"service-{number}" for number in range(draw(st.integers(1, 40)))]
    needs = {
        name: draw(st.lists(st.sampled_from(names[:place]), max_size=3, unique=True)) if place else []
        for place, name in enumerate(names)
    }
    return whole(project(needs, high=draw(st.lists(st.sampled_from(names), max_size=2, unique=True))))


@settings(deadline=None, max_examples=60)
@given(plans())
def test_boxes_stand_apart_and_lines_lead_left(plan: Plan) -> None:
    drawing = layout(plan)
    assert sorted(box.name for box in drawing.boxes) == sorted(plan.services)
    for one, other in combinations(drawing.boxes, 2):
        beside = one.x + one.width < other.x or other.x + other.width < one.x
        assert beside or abs(one.y - other.y) > HEIGHT, (one, other)
    assert {(line.from_, line.to) for line in drawing.lines} == {
        (name, need) for name in plan.services for need in plan.needs[name]
    }
    for line in drawing.lines:
        assert all(before[0] > after[0] for before, after in pairwise(line.points))
    assert all(0 < box.x < drawing.width - box.width and 0 < box.y < drawing.height for box in drawing.boxes)


@settings(deadline=None, max_examples=60)
@given(plans())
def test_tiers_stand_in_their_order(plan: Plan) -> None:
    bands = layout(plan).bands
    assert all(left.x + left.width < right.x for left, right in pairwise(bands))


def test_the_svg_has_every_service_and_every_need() -> None:
    plan = whole(project({"web": ["db", "cache"], "db": [], "cache": ["db"]}))
    root = ET.fromstring(export(plan, "svg"))  # noqa: S314 - our own
    titles = [element.findtext(f"{SVG}title") for element in root.iter(f"{SVG}g") if element.get("data-name")]
    assert sorted(map(str, titles)) == ["cache needs db", "db needs nothing", "web needs cache, db"]
    needs = [
        (element.get("data-from"), element.get("data-to"))
        for element in root.iter(f"{SVG}path")
        if element.get("data-from")
    ]
    assert needs == [("cache", "db"), ("web", "cache"), ("web", "db")]


def test_the_page_needs_no_network() -> None:
    page = export(whole(project({"web": ["db"], "db": []})), "html")
    assert set(re.findall(r"https?://[^\s\"')]+", page)) == {"http://www.w3.org/2000/svg"}
    assert re.findall(r"\b(?:src|href|@import)\s*=?", page) == []
    assert page.count("<svg ") == 1
