"""How a run comes by its lock: at once, when the claim of a dead run has shown that it does not move, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from meshctl.errors import ClusterError, Forbidden, GuardError, Invalid, raise_all
from meshctl.events import Event, Waiting, Warned
from meshctl.lifecycle.locking.claims import EVERYTHING, Claim, Claims, Lost, Taken, age
from meshctl.lifecycle.locking.holder import has_ended, is_at_work
from meshctl.lifecycle.locking.lock import Lock

if TYPE_CHECKING:
    from meshctl.lifecycle.run import Run

LOOK_AGAIN = 1.0  # seconds between two looks at a claim whose holder cannot be seen
MOST_NAMES = 5


def acquire(run: Run, lock: Lock) -> Iterator[Event]:
    """Raises GuardError when another run is at work on one of the services, ClusterError when nobody can tell."""
    told: set[str] = set()
    while True:
        try:
            run.ask(lock.take)
        except Taken as taken:
            _refuse(taken.rivals, lock)
            yield from _waiting(taken.rivals, lock.claim, told)
        except ClusterError as error:
            yield from _without(error)
            return
        else:
            yield from map(_taken_over, lock.displaced, [lock.claim] * len(lock.displaced))
            return
        run.pause(LOOK_AGAIN)
        run.ask(lock.look)


def loss(lost: Lost, mine: Claim) -> GuardError:
    """What a run says that has to stop because its claim is gone."""
    takers = "; ".join(f"{_names(rival.shared(mine))} is held by {rival} now" for rival in lost.rivals)
    return GuardError(
        f"the lock was lost: {takers or 'its Lease was deleted'}",
        code="LockLost",
        suggestion="the run stopped where it was; run it again when nobody else works on these services",
    )


def _refuse(rivals: Claims, lock: Lock) -> None:
    raise_all(_locked(each, lock.claim) for each in rivals if is_at_work(each) or lock.observer.has_moved(each))


def _locked(rival: Claim, mine: Claim) -> GuardError:
    names = rival.shared(mine)
    verb = "are" if len(names) > 1 or EVERYTHING in names else "is"
    return GuardError(
        f"{_names(names)} {verb} locked by {rival}, for {_duration(age(rival, datetime.now(UTC)))}",
        code="Locked",
        suggestion="wait until it has ended, or interrupt it; other services can be run meanwhile, "
        f"and a run that was killed loses its lock within {rival.seconds} s",
    )


def _waiting(rivals: Claims, mine: Claim, told: set[str]) -> Iterator[Event]:
    """Once for each run that is waited for."""
    for rival in rivals:
        if rival.run not in told:
            told.add(rival.run)
            reason = f"whether {rival} is still there, which takes up to {rival.seconds} s"
            yield from (Waiting(service=name, reason=reason) for name in rival.shared(mine))


def _taken_over(dead: Claim, mine: Claim) -> Warned:
    why = "has ended without a word" if has_ended(dead) else f"has not renewed its lock for {dead.seconds} s"
    return Warned(code="LockTakenOver", message=f"took {_names(dead.shared(mine))} over from {dead}, which {why}")


def _without(error: ClusterError) -> Iterator[Event]:
    """A lock keeps apart those who could take it. Whoever may not is told so, and goes on: what he may do is for his
    Role to say, and where nobody may write Leases there is nobody to be kept apart by one. Raises every other error."""
    if error.code in ("NamespaceNotFound", "NamespaceTerminating"):
        return
    refused = isinstance(error, Forbidden | Invalid) or error.code == "WebhookUnavailable"
    if not refused:
        raise error
    yield Warned(
        code="NoLock", message=f"without a lock, so nothing keeps other runs from the same services: {error.message}"
    )


def _names(names: Collection[str]) -> str:
    if EVERYTHING in names:
        return "all services"
    shown = sorted(names)[:MOST_NAMES]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
