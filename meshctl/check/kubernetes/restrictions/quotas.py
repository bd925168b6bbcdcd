"""What the API server asks of ResourceQuotas and LimitRanges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from meshctl.check.kubernetes.forms import DOMAIN_PATH
from meshctl.check.kubernetes.quantities import is_fraction, quantity
from meshctl.check.kubernetes.restrictions.constraints import (
    Body,
    Constraint,
    Refusal,
    amounts,
    items,
    mapping,
    member,
    repeated,
    sequence,
)

_COUNTED = frozenset(
    {"pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims"}
    | {"services.nodeports", "services.loadbalancers"}
)
_MEASURED = frozenset({"cpu", "memory", "storage", "ephemeral-storage"})
_LIMITED = ("Container", "Pod", "PersistentVolumeClaim")


def _quota(body: Body) -> Iterator[Refusal]:
    for name, value in mapping(body, "hard").items():
        if not _is_counted(name):
            yield Refusal("form", ("hard", name), "is nothing that a quota counts", "count/RESOURCE.GROUP counts any")
        elif (name in _COUNTED or name.startswith("count/")) and is_fraction(value):
            yield Refusal("range", ("hard", name), f"has to be a whole number, not {value}")
    scopes = {scope for scope in sequence(body, "scopes") if isinstance(scope, str)}
    for one, other in (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")):
        if {one, other} <= scopes:
            yield Refusal("together", ("scopes",), f"has {one} and {other}, which nothing is")


def _is_counted(name: str) -> bool:
    bare = name.removeprefix("requests.").removeprefix("limits.")
    return "/" in name or name in _COUNTED or bare in _MEASURED or bare.startswith("hugepages-")


def _order(body: Body) -> Iterator[Refusal]:
    """Of a LimitRange: the least, what is asked for by default, the default limit and the most, in this order."""
    order = ("min", "defaultRequest", "default", "max")
    names = dict.fromkeys(name for field in order for name in mapping(body, field))
    for name in names:
        known = [(field, quantity(mapping(body, field).get(name))) for field in order]
        given = [(field, amount) for field, amount in known if amount is not None]
        for (lower, less), (upper, more) in pairwise(given):
            if less > more:
                yield Refusal("range", (lower, name), f"has to be at most that of {upper}")


def _range(body: Body) -> Iterator[Refusal]:
    kind = body.get("type")
    if isinstance(kind, str) and kind not in _LIMITED and not DOMAIN_PATH.fits(kind):
        yield Refusal("choice", ("type",), f'has to be {", ".join(_LIMITED[:-1])} or {_LIMITED[-1]}, not "{kind}"')
    if kind == "Pod":
        for field in ("default", "defaultRequest"):
            if body.get(field):
                yield Refusal("together", (field,), "may not be set when type is Pod")
    if kind == "PersistentVolumeClaim" and not {"storage"} & (
        mapping(body, "min").keys() | mapping(body, "max").keys()
    ):
        yield Refusal("together", (), "needs min or max of storage")
    for name, value in mapping(body, "maxLimitRequestRatio").items():
        ratio = quantity(value)
        if ratio is not None and ratio < 1:
            yield Refusal("range", ("maxLimitRequestRatio", name), f"has to be at least 1, not {value}")


def _limits(body: Body) -> Iterator[Refusal]:
    kinds = (((*steps, "type"), member(limit, "type")) for steps, limit in items(body, "limits"))
    for steps, kind in repeated(kinds):
        yield Refusal("together", steps, f"is {kind} a second time", "join the two")


QUOTAS: Mapping[str, tuple[Constraint, ...]] = {
    "core.v1.ResourceQuotaSpec": (amounts(0, "hard"), _quota),
    "core.v1.LimitRangeSpec": (_limits,),
    "core.v1.LimitRangeItem": (_range, _order),
}
