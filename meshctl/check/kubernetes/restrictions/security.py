"""What the API server asks of the privileges of pods and containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshctl.check.kubernetes.forms import SYSCTL
from meshctl.check.kubernetes.restrictions.constraints import (
    Body,
    Constraint,
    Refusal,
    among,
    filled,
    formed,
    items,
    mapping,
    member,
    needed_when,
    only_when,
    repeated,
    within,
)

_LARGEST_ID = 2**31 - 1


def _privileges(body: Body) -> Iterator[Refusal]:
    if body.get("allowPrivilegeEscalation") is not False:
        return
    added = mapping(body, "capabilities").get("add")
    if body.get("privileged") is True:
        yield Refusal("together", ("allowPrivilegeEscalation",), "cannot be false for a privileged container")
    elif added.__class__ is list and "CAP_SYS_ADMIN" in added:
        yield Refusal("together", ("allowPrivilegeEscalation",), "cannot be false beside the capability CAP_SYS_ADMIN")


def _sysctls(body: Body) -> Iterator[Refusal]:
    names = (((*steps, "name"), member(each, "name")) for steps, each in items(body, "sysctls"))
    for steps, name in repeated(names):
        yield Refusal("together", steps, f"is {name} a second time")


_IDENTITY = within(0, _LARGEST_ID, "runAsUser", "runAsGroup", "fsGroup")
_PROFILE = (
    needed_when("localhostProfile", "type", "Localhost"),
    only_when("localhostProfile", "type", "Localhost"),
)

SECURITY: Mapping[str, tuple[Constraint, ...]] = {
    "core.v1.SecurityContext": (_IDENTITY, _privileges),
    "core.v1.PodSecurityContext": (
        _IDENTITY,
        within(0, _LARGEST_ID, "supplementalGroups"),
        among("supplementalGroupsPolicy", "Merge", "Strict"),
        among("seLinuxChangePolicy", "MountOption", "Recursive"),
        _sysctls,
    ),
    "core.v1.SeccompProfile": _PROFILE,
    "core.v1.AppArmorProfile": _PROFILE,
    "core.v1.Sysctl": (formed(SYSCTL, "name"), filled("name")),
}
