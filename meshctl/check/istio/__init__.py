"""Rules of Istio's objects."""

from __future__ import annotations
