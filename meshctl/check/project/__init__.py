"""Rules of the project: its config, its graph, its variables."""

from __future__ import annotations
