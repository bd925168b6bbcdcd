"""What the API server asks of volumes, mounts and claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from meshctl.check.kubernetes.forms import ABSOLUTE, BELOW, SUBDOMAIN, WITHOUT_BACKSTEPS
from meshctl.check.kubernetes.quantities import quantity
from meshctl.check.kubernetes.restrictions.constraints import (
    Body,
    Constraint,
    Refusal,
    amounts,
    filled,
    formed,
    given,
    items,
    mapping,
    member,
    needed,
    one_of,
    repeated,
    sequence,
    within,
)
from meshctl.yamlio import Path


def _mount(body: Body) -> Iterator[Refusal]:
    yield from one_of("subPath", "subPathExpr", optional=True)(body)
    if body.get("recursiveReadOnly") not in (None, "", "Disabled") and body.get("readOnly") is not True:
        yield Refusal("together", ("recursiveReadOnly",), "may only be set when readOnly is true")


def _projected(body: Body) -> Iterator[Refusal]:
    """No two sources may put a file at the same path."""
    for steps, path in repeated(_paths(body)):
        yield Refusal("together", steps, f"puts a second file at {path}")


def _paths(body: Body) -> Iterator[tuple[Path, Any]]:
    for steps, source in items(body, "sources"):
        for kind in ("configMap", "secret", "downwardAPI"):
            yield from (((*steps, kind), member(item, "path")) for _, item in items(mapping(source, kind), "items"))


def _claim(body: Body) -> Iterator[Refusal]:
    """A size of more than nothing, and who may mount it."""
    requests = mapping(body, "resources", "requests")
    if requests.get("storage") is None:
        yield Refusal("empty", ("resources", "requests", "storage"), "is needed, and not given")
    elif (size := quantity(requests["storage"])) is not None and size <= 0:
        yield Refusal(
            "range", ("resources", "requests", "storage"), f"has to be more than 0, not {requests['storage']}"
        )
    modes = sequence(body, "accessModes")
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        yield Refusal(
            "together", ("accessModes",), "has ReadWriteOncePod beside others", "keep that alone, or the others"
        )


_MODE = within(0, 0o777, "defaultMode")
_SOURCES = ("configMap", "secret", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate")

VOLUMES: Mapping[str, tuple[Constraint, ...]] = {
    "core.v1.Volume": (filled("name"),),
    "core.v1.VolumeMount": (_mount, formed(BELOW, "subPath", "subPathExpr"), filled("name", "mountPath")),
    "core.v1.HostPathVolumeSource": (filled("path"), formed(WITHOUT_BACKSTEPS, "path")),
    "core.v1.SecretVolumeSource": (needed("secretName"), _MODE),
    "core.v1.ConfigMapVolumeSource": (needed("name"), _MODE),
    "core.v1.ProjectedVolumeSource": (_projected, _MODE),
    "core.v1.DownwardAPIVolumeSource": (_MODE,),
    "core.v1.KeyToPath": (filled("key", "path"), formed(BELOW, "path"), within(0, 0o777, "mode")),
    "core.v1.VolumeProjection": (one_of(*_SOURCES, optional=True),),
    "core.v1.ServiceAccountTokenProjection": (
        within(600, 2**32, "expirationSeconds"),
        filled("path"),
        formed(BELOW, "path"),
    ),
    "core.v1.ConfigMapProjection": (needed("name"),),
    "core.v1.SecretProjection": (needed("name"),),
    "core.v1.EmptyDirVolumeSource": (amounts(0, "sizeLimit"),),
    "core.v1.PersistentVolumeClaimVolumeSource": (filled("claimName"),),
    "core.v1.EphemeralVolumeSource": (needed("volumeClaimTemplate"),),
    "core.v1.NFSVolumeSource": (filled("server", "path"), formed(ABSOLUTE, "path")),
    "core.v1.PersistentVolumeClaim": (given("spec"),),
    "core.v1.PersistentVolumeClaimSpec": (
        _claim,
        needed("accessModes"),
        formed(SUBDOMAIN, "storageClassName", "volumeAttributesClassName"),
    ),
}
