"""Where the cluster is not what the config says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from meshctl import manifest
from meshctl.compare import as_wanted
from meshctl.identity import ObjectRef
from meshctl.manifest import Manifest

Key = tuple[str, str, str, str]


class Drift(NamedTuple):
    """An object that differs: `missing`, `changed`, or `extra` when the config does not have it."""

    object: ObjectRef
    what: str


def key(ref: ObjectRef) -> Key:
    """The identity of an object in whatever version of its API it was asked for."""
    return (*ref.group_kind, ref.namespace, ref.name)


def drift(
    wanted: Iterable[Manifest], live: Mapping[Key, Mapping[str, Any]], own: Iterable[Mapping[str, Any]]
) -> tuple[Drift, ...]:
    """`live` is all that was read, `own` what of it the service has now. Sorted by object."""
    manifests = {key(manifest.ref): manifest for manifest in wanted}
    found = [
        Drift(manifest.ref, "changed" if identity in live else "missing")
        for identity, manifest in manifests.items()
        if identity not in live or not as_wanted(manifest.body, live[identity])
    ]
    extra = [ObjectRef.of(body) for body in own if not is_kept(body)]
    found += [Drift(reference, "extra") for reference in extra if key(reference) not in manifests]
    return tuple(sorted(found))


def is_kept(body: Mapping[str, Any]) -> bool:
    """Whether stop leaves the object where it is: a claim on data, or one that is annotated so."""
    return body["kind"] == "PersistentVolumeClaim" or manifest.is_kept(body)
