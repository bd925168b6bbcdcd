"""The cluster: which one, whether it answers, how old it is, and whether this project may write to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from meshctl.doctor.finding import Finding, Look, told
from meshctl.errors import Forbidden, GuardError, MeshctlError

if TYPE_CHECKING:
    from meshctl.cluster import Target
    from meshctl.manifest import Manifest

AREA = "cluster"
OLDEST = (1, 30)  # the first that lists all its kinds at once and knows the end of an exec's input
ALMOST = (1, 22)  # the first whose server-side apply is no trial any more
_ANOTHER = "name another with --kubeconfig or --context, or start one: `meshctl sandbox up`"
SHOWN = 5  # kinds that are not served
Served = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Reach:
    """`fault` is why there is no cluster, or why it does not answer. `version` is what it says of itself, or why it
    does not; `known` is the Kubernetes that meshctl knows best. `wanted` are the objects of the project."""

    target: Target | None = None
    fault: MeshctlError | None = None
    version: Mapping[str, Any] | Forbidden | None = None
    known: tuple[int, int] = (0, 0)
    refusals: Sequence[GuardError] | None = None
    served: Served = frozenset()
    wanted: Sequence[Manifest] = ()


def chosen(reach: Reach) -> Iterator[Finding]:
    if reach.target is None:
        if reach.fault is not None:
            yield Finding(AREA, "chosen", "fail", told(reach.fault), reach.fault.suggestion or _ANOTHER)
        return
    target = reach.target
    file = f", {target.kubeconfig}" if target.kubeconfig else ""
    yield Finding(AREA, "chosen", "ok", f"context {target.context}, {target.server} (by {target.source}{file})")


def reachable(reach: Reach) -> Iterator[Finding]:
    if reach.target is None:
        return
    if reach.fault is not None:
        yield Finding(AREA, "reachable", "fail", told(reach.fault), reach.fault.suggestion or _ANOTHER)
    else:
        yield Finding(AREA, "reachable", "ok", "it answers, and accepts the credentials")


def version(reach: Reach) -> Iterator[Finding]:
    """What meshctl asks of a server, and what it knows of its kinds."""
    if reach.version is None:
        return
    if isinstance(reach.version, Forbidden):
        yield Finding(AREA, "version", "warn", reach.version.message, reach.version.suggestion)
        return
    name = str(reach.version.get("gitVersion") or "unknown")
    numbers = tuple(int(number) for number in re.findall(r"\d+", name)[:2])
    oldest, known = ".".join(map(str, OLDEST)), ".".join(map(str, reach.known))
    if len(numbers) < 2:
        yield Finding(AREA, "version", "warn", f"Kubernetes {name}: which one is that?", "is this a cluster's address?")
    elif numbers < ALMOST:
        message = f"Kubernetes {name} has no server-side apply, by which meshctl writes"
        yield Finding(AREA, "version", "fail", message, f"take a cluster of {oldest} or newer")
    elif numbers < OLDEST:
        message = f"Kubernetes {name} is older than {oldest}: kinds that meshctl does not know are not found in it"
        yield Finding(AREA, "version", "warn", message, f"take a cluster of {oldest} or newer")
    elif numbers > (reach.known[0], reach.known[1] + 1):
        message = f"Kubernetes {name} is newer than {known}, whose fields `meshctl check` knows"
        yield Finding(AREA, "version", "warn", message, "look for a newer meshctl")
    else:
        yield Finding(AREA, "version", "ok", f"Kubernetes {name}")


def writable(reach: Reach) -> Iterator[Finding]:
    """The guards of everything that writes."""
    if reach.target is None or reach.refusals is None:
        return
    for refusal in reach.refusals:
        yield Finding(AREA, "guard", "fail", told(refusal), refusal.suggestion)
    if not reach.refusals:
        why = "it is on this machine" if reach.target.local else "the project or the command line allows it"
        yield Finding(AREA, "guard", "ok", f"this context may be written to: {why}")


def kinds(reach: Reach) -> Iterator[Finding]:
    """Istio's are looked at on their own; what the project defines itself needs not be there yet."""
    lacking = unserved([each for each in reach.wanted if not each.ref.group.endswith(".istio.io")], reach.served)
    own = _defined(reach.wanted)
    lacking = {key: each for key, each in lacking.items() if each.ref.group_kind not in own}
    for manifest in list(lacking.values())[:SHOWN]:
        message = f"the server has no {manifest.ref.kind} in {manifest.ref.api_version}, which {manifest.where} makes"
        yield Finding(AREA, "kinds", "fail", message, advice(manifest, reach.served))
    if reach.served and reach.wanted and not lacking:
        yield Finding(AREA, "kinds", "ok", "it has every kind that the templates make")


def unserved(wanted: Sequence[Manifest], served: Served) -> dict[tuple[str, str], Manifest]:
    """By apiVersion and kind, one object of each that the server does not have; none where that is not known."""
    if not served:
        return {}
    first = {(each.ref.api_version, each.ref.kind): each for each in reversed(wanted)}
    return {key: first[key] for key in sorted(first) if key not in served}


def advice(manifest: Manifest, served: Served) -> str:
    """The version that it has instead, or what brings the kind."""
    group, kind = manifest.ref.group_kind
    others = sorted(version for version, other in served if (version.rpartition("/")[0], other) == (group, kind))
    if others:
        return f"write apiVersion: {' or '.join(others)}"
    return f"install the CustomResourceDefinition of {kind}, or take {manifest.ref} out of the templates"


def _defined(wanted: Sequence[Manifest]) -> set[tuple[str, str]]:
    specs = [each.body["spec"] for each in wanted if each.ref.kind == "CustomResourceDefinition"]
    return {(str(spec["group"]), str(spec["names"]["kind"])) for spec in specs}


FINDINGS: tuple[Look[Reach], ...] = (chosen, reachable, version, writable, kinds)
