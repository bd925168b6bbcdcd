"""The namespace: whose it is, how long it will be there, and what it has room for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from meshctl.compare.quantity import parse_quantity
from meshctl.doctor.finding import Finding, Look
from meshctl.errors import ClusterError, Forbidden
from meshctl.manifest import LABEL_OWNER, expiry, made_for

Body = Mapping[str, Any]
AREA = "namespace"
POD_SECURITY = "pod-security.kubernetes.io/enforce"
NEARLY = Decimal("0.9")  # of a quota
SOON = 3600  # seconds to the end that are worth a word


@dataclass(frozen=True)
class Room:
    """`live` is None for one that is not there, and an error for one that must not be looked at. `meshed` says that
    its pods get sidecars."""

    name: str
    live: Body | ClusterError | None
    quotas: Sequence[Body]
    project: str
    user: str
    meshed: bool
    now: datetime

    @property
    def body(self) -> Body:
        """Empty unless it could be read."""
        return self.live if isinstance(self.live, Mapping) else {}

    @property
    def labels(self) -> Mapping[str, str]:
        return (self.body.get("metadata") or {}).get("labels") or {}


def there(room: Room) -> Iterator[Finding]:
    """As a run sees it: who may not look at namespaces was given one."""
    if room.live is None:
        yield Finding(AREA, "there", "ok", f"{room.name} is not there yet; `meshctl start` makes it")
    elif isinstance(room.live, Forbidden):
        yield Finding(AREA, "there", "ok", f"{room.name} must not be looked at, so it is taken to be there")
    elif isinstance(room.live, ClusterError):
        yield Finding(AREA, "there", "fail", room.live.message, room.live.suggestion)
    elif "deletionTimestamp" in room.body["metadata"]:
        advice = "wait until it is gone, or take another one with -n"
        yield Finding(AREA, "there", "fail", f"{room.name} is being deleted", advice)
    else:
        yield Finding(AREA, "there", "ok", f"{room.name} is there")


def owner(room: Room) -> Iterator[Finding]:
    if not room.body:
        return
    project, of = made_for(room.body), room.labels.get(LABEL_OWNER, "")
    another = "take one of your own with -n, or set `namespace` in the project file"
    if not project:
        yield Finding(AREA, "owner", "ok", "not made by meshctl: it is used as it is, and never deleted")
    elif room.project and project != room.project:
        yield Finding(AREA, "owner", "warn", f"made for the project {project}, and this is {room.project}", another)
    elif room.user and of and of != room.user:
        yield Finding(AREA, "owner", "warn", f"made for {of}, and you are {room.user}", another)
    else:
        yield Finding(AREA, "owner", "ok", f"made by meshctl for {of or 'nobody'}, project {project}")


def end(room: Room) -> Iterator[Finding]:
    """Only those that meshctl made are ever collected."""
    until = expiry(room.body) if room.body else None
    if until is None or not made_for(room.body):
        return
    left = (until - room.now).total_seconds()
    when = until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    longer = "`meshctl start --ttl 8h` gives it eight hours from now"
    if left <= 0:
        yield Finding(AREA, "expiry", "warn", f"its time was up at {when}: `namespace gc` may delete it", longer)
    elif left < SOON:
        yield Finding(AREA, "expiry", "warn", f"its time is up at {when}, in {int(left // 60)} minutes", longer)
    else:
        yield Finding(AREA, "expiry", "ok", f"it stays until {when}")


def room_left(room: Room) -> Iterator[Finding]:
    for quota in room.quotas:
        name, status = quota["metadata"]["name"], quota.get("status") or {}
        tight = [
            f"{what} {used} of {most}"
            for what, most in sorted((status.get("hard") or {}).items())
            if _is_tight(used := (status.get("used") or {}).get(what, "0"), most)
        ]
        if tight:
            advice = f"ask for more, or stop services; `kubectl describe resourcequota {name} -n {room.name}`"
            yield Finding(AREA, "quota", "warn", f"{name} is nearly used up: {', '.join(tight)}", advice)
        else:
            yield Finding(AREA, "quota", "ok", f"{name} has room")


def _is_tight(used: str, most: str) -> bool:
    taken, limit = parse_quantity(str(used)), parse_quantity(str(most))
    return bool(taken is not None and limit and taken / limit >= NEARLY)


def security(room: Room) -> Iterator[Finding]:
    """Sidecars need NET_ADMIN for a moment, which both levels refuse, unless Istio's CNI plugin does that work."""
    level = room.labels.get(POD_SECURITY, "")
    if level == "restricted":
        message = "Pod Security is restricted: pods need runAsNonRoot, no capabilities and a seccomp profile"
        advice = f"`kubectl label --dry-run=server --overwrite ns {room.name} {POD_SECURITY}=restricted` lists misfits"
        yield Finding(AREA, "pod security", "warn", message, advice)
    elif level == "baseline" and room.meshed:
        message = "Pod Security is baseline: it refuses Istio's init container"
        yield Finding(AREA, "pod security", "warn", message, "have Istio's CNI plugin installed (`istio-cni`)")


FINDINGS: tuple[Look[Room], ...] = (there, owner, end, room_left, security)
