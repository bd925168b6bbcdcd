"""From a config and a selection to a plan: the graph of services, its order, its reverse, its cycles named.

An edge always means *waits for*: `a → b` is "a waits for b". Needs are hard edges; the priority tiers are soft ones,
drawn through one barrier a tier so that their number grows with the services and not with their square.
"""

from __future__ import annotations

from meshctl.plan.export import FORMATS, document, export
from meshctl.plan.order import check_cycles, reach
from meshctl.plan.plan import Edge, Plan, focus, select, whole
from meshctl.plan.schedule import Schedule
from meshctl.plan.selection import Selection, default_selection
from meshctl.plan.tiers import RANK, TIERS, Tier, declared_tiers

__all__ = [
    "FORMATS",
    "RANK",
    "TIERS",
    "Edge",
    "Plan",
    "Schedule",
    "Selection",
    "Tier",
    "check_cycles",
    "declared_tiers",
    "default_selection",
    "document",
    "export",
    "focus",
    "reach",
    "select",
    "whole",
]
