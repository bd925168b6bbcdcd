"""The plan as a picture: text, dot, mermaid, SVG, HTML, and the JSON of machine output.

In pictures the tiers are boxes, joined by one dashed edge each, and needs are the solid edges: that shows the order
of start with as few lines as it takes. An edge leads from who waits to what is waited for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from meshctl.plan.plan import Plan
from meshctl.plan.tiers import by_tier

FORMAT_VERSION = 1


def export(plan: Plan, form: str) -> str:
    """The plan in one of FORMATS, ending in a newline. Raises KeyError for another."""
    return FORMATS[form](plan)


def document(plan: Plan) -> dict[str, Any]:
    """The versioned machine form; everything is sorted by name, but for `order`."""
    groups = plan.config.services
    return {
        "meshctl": FORMAT_VERSION,
        "nodes": [
            {"name": name, "tier": plan.tiers[name], "groups": sorted(groups[name].groups)}
            for name in sorted(plan.services)
        ],
        "edges": [{"from": edge.from_, "to": edge.to, "kind": edge.kind} for edge in plan.edges()],
        "order": list(plan.services),
    }


def _json(plan: Plan) -> str:
    return json.dumps(document(plan), indent=2) + "\n"


def _text(plan: Plan) -> str:
    """Tier by tier in start order, each service with what it waits for by name."""
    width = max(len(name) for name in plan.services)
    lines = []
    for tier, members in by_tier(plan.services, plan.tiers):
        lines.append(f"{tier}:")
        for name in members:
            needs = ", ".join(sorted(plan.needs[name]))
            lines.append(f"  {name:{width}}  needs {needs}" if needs else f"  {name}")
    return "\n".join(lines) + "\n"


def _dot(plan: Plan) -> str:
    tiers = by_tier(plan.services, plan.tiers)
    lines = ["digraph meshctl {", "  compound=true;", "  rankdir=LR;", "  node [shape=box, style=rounded];"]
    for tier, members in tiers:
        lines += [f'  subgraph "cluster_{tier}" {{', f'    label="{tier}";']
        lines += [f'    "{name}";' for name in members]
        lines.append("  }")
    lines += [f'  "{name}" -> "{need}";' for name, need in _need_edges(plan)]
    for (above, higher), (below, lower) in pairwise(tiers):
        ends = f"ltail=cluster_{below}, lhead=cluster_{above}"
        lines.append(f'  "{lower[0]}" -> "{higher[0]}" [style=dashed, {ends}];')
    return "\n".join([*lines, "}"]) + "\n"


def _mermaid(plan: Plan) -> str:
    """Nodes are numbered, because mermaid takes some names (`end`, `default`) for words of its own."""
    node = {name: f"s{number}" for number, name in enumerate(plan.services)}
    tiers = by_tier(plan.services, plan.tiers)
    lines = ["flowchart LR"]
    for tier, members in tiers:
        lines += [f"  subgraph tier_{tier}[{tier}]"]
        lines += [f'    {node[name]}["{name}"]' for name in members]
        lines.append("  end")
    lines += [f"  {node[name]} --> {node[need]}" for name, need in _need_edges(plan)]
    pairs = pairwise(tiers)
    lines += [f"  tier_{below} -.-> tier_{above}" for (above, _), (below, _) in pairs]
    return "\n".join(lines) + "\n"


def _need_edges(plan: Plan) -> list[tuple[str, str]]:
    return sorted((name, need) for name in plan.services for need in plan.needs[name])


def _svg(plan: Plan) -> str:
    from meshctl.plan.svg import svg

    return svg(plan)


def _html(plan: Plan) -> str:
    from meshctl.plan.svg import html

    return html(plan)


FORMATS: Mapping[str, Callable[[Plan], str]] = {
    "text": _text,
    "dot": _dot,
    "mermaid": _mermaid,
    "svg": _svg,
    "html": _html,
    "json": _json,
}
