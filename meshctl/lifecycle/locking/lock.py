"""The lock of one run: taken under the Lease's version, renewed by a thread of its own, given back at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from meshctl.errors import ClusterError
from meshctl.lifecycle.locking.claims import Claim, Claims, Lost, claimed, released, renewed, rivals_of
from meshctl.lifecycle.locking.holder import has_ended
from meshctl.lifecycle.locking.ledger import Ledger
from meshctl.lifecycle.locking.observer import Observer

RENEWALS = 3  # in the time after which a claim expires
GIVING_BACK = 2.0  # seconds that a run waits for the Lease at its end; without an answer the claim just expires

Arithmetic = Callable[[Claims, Claim, Callable[[Claim], bool]], Claims]


class Lock:
    """`on_loss` is called in the lock's own thread when somebody else has taken the claim away."""

    def __init__(self, ledger: Ledger, claim: Claim, on_loss: Callable[[Lost], None]) -> None:
        self.claim = claim
        self.observer = Observer()
        self.displaced: Claims = ()
        self._ledger = ledger
        self._on_loss = on_loss
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lock", daemon=True)

    def take(self) -> None:
        """Raises Taken, ClusterError. `displaced` are those whose claims were dead."""
        self._change(claimed)
        self._thread.start()

    def look(self) -> None:
        """Sees what the others do. Raises ClusterError."""
        self._ledger.look()

    def release(self) -> None:
        """Raises nothing; may be called twice, and before the lock was taken."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(GIVING_BACK)

    def is_dead(self, claim: Claim) -> bool:
        return has_ended(claim) or self.observer.has_expired(claim)

    def _keep(self) -> None:
        try:
            while not self._ending.wait(self.claim.seconds / RENEWALS):
                self._renew()
            self._give_back()
        except Lost as lost:
            self._on_loss(lost)

    def _renew(self) -> None:
        """A server that cannot be reached is asked again in time; who could take the claim cannot reach it either."""
        self.claim = replace(self.claim, renewed=datetime.now(UTC))
        try:
            self._change(renewed)
        except ClusterError:
            return

    def _give_back(self) -> None:
        try:
            self._change(released)
        except ClusterError:
            return

    def _change(self, arithmetic: Arithmetic) -> None:
        def edit(claims: Claims) -> Claims:
            self.observer.see(claims)
            self.displaced = tuple(each for each in rivals_of(claims, self.claim) if self.is_dead(each))
            return arithmetic(claims, self.claim, self.is_dead)

        self._ledger.change(edit)
