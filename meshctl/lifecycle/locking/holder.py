"""Who holds a claim: this process, another one of this machine, or somebody whom nobody here can see."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from meshctl.lifecycle.locking.claims import Claim, is_fresh
from meshctl.sandbox.processes import is_alive, started_at

SECONDS = 15  # from a run's last renewal until others may take its services over


def claim_of_this_process(user: str, action: str, services: Collection[str], *, seconds: int = SECONDS) -> Claim:
    now = datetime.now(UTC)
    return Claim(
        run=secrets.token_hex(4),
        action=action,
        user=user,
        host=socket.gethostname(),
        process=os.getpid(),
        machine=this_machine(),
        born=started_at(os.getpid()),
        since=now,
        renewed=now,
        seconds=seconds,
        services=tuple(sorted(services)),
    )


def has_ended(claim: Claim) -> bool:
    """Whether its process is known to be gone. Of another machine nothing is known."""
    return _is_here(claim) and not _runs(claim)


def is_at_work(claim: Claim) -> bool:
    """Whether its process is known to run and to renew: one that was suspended counts as one that cannot be seen."""
    return _is_here(claim) and _runs(claim) and is_fresh(claim, datetime.now(UTC))


def _is_here(claim: Claim) -> bool:
    return claim.machine == this_machine()


def _runs(claim: Claim) -> bool:
    return is_alive(claim.process) and started_at(claim.process) == claim.born


@cache
def this_machine() -> str:
    """Where a process number means what it means here: on Linux this boot and this pid namespace, as containers may
    share a host's name; elsewhere the host's name."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    return socket.gethostname()
