"""Rules of a VirtualService by itself: what istiod refuses beyond the schema, and what has no effect."""

from __future__ import annotations

from meshctl.check.istio.virtual_services import actions, answers, destinations, headers, hosts, matches, transport

__all__ = ["actions", "answers", "destinations", "headers", "hosts", "matches", "transport"]
