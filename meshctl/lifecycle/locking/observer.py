"""Which claims still move. Judged as client-go's leader election does: not by what their clocks say, which may be wrong
or jump, but by how long on our own monotonic clock a record has stayed as it was."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from meshctl.lifecycle.locking.claims import Claim, Claims


class _Sight(NamedTuple):
    renewed: datetime
    since: float  # on our clock
    moved: bool


class Observer:
    """`clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sights: dict[str, _Sight] = {}

    def see(self, claims: Claims) -> None:
        self._sights = {claim.run: self._sight(claim) for claim in claims}

    def has_moved(self, claim: Claim) -> bool:
        """Whether it was renewed while we looked."""
        return claim.run in self._sights and self._sights[claim.run].moved

    def has_expired(self, claim: Claim) -> bool:
        sight = self._sights.get(claim.run)
        return sight is not None and self._clock() - sight.since >= claim.seconds

    def _sight(self, claim: Claim) -> _Sight:
        known = self._sights.get(claim.run)
        if known and known.renewed == claim.renewed:
            return known
        return _Sight(claim.renewed, self._clock(), moved=known is not None)
