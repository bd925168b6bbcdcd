"""Rules of the project: its config, its graph, its variables."""

from __future__ import annotations

from meshctl.check.project import needs, selection, variables

__all__ = ["needs", "selection", "variables"]
