"""What render makes and everything after it takes: manifests, service by service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from meshctl.errors import Caution, Where
from meshctl.identity import ObjectRef
from meshctl.manifest.kinds import order_key
from meshctl.yamlio import Path


class Source(NamedTuple):
    """Where something is written. `inner` may be in a partial; `outer` is in the template that took the partial in,
    and the same as `inner` where there is none."""

    inner: Where
    outer: Where


class Locate(Protocol):
    """Finds where the value at a path of an object is written, or its key; the object itself for no path."""

    def __call__(self, path: Path = (), *, key: bool = False) -> Source: ...


@dataclass(frozen=True)
class Manifest:
    """One object. `file` is the path below the output folder; `locate` is slow, so it is for what is told alone."""

    body: Mapping[str, Any]
    service: str
    file: str
    locate: Locate = field(repr=False, compare=False)

    @cached_property
    def ref(self) -> ObjectRef:
        return ObjectRef.of(self.body)

    @cached_property
    def where(self) -> Where:
        """The line of its template that made the object."""
        return self.locate().outer


@dataclass(frozen=True)
class Bundle:
    """The manifests of a plan by service, in the plan's order; `_namespace` is first if there is one."""

    namespace: str
    services: Mapping[str, tuple[Manifest, ...]]
    warnings: tuple[Caution, ...] = ()

    def __iter__(self) -> Iterator[Manifest]:
        return (manifest for manifests in self.services.values() for manifest in manifests)

    def in_order(self) -> Iterator[Manifest]:
        """Service by service, and inside of one by kind, as a start sends them."""
        ordered = (sorted(each, key=lambda manifest: order_key(manifest.ref)) for each in self.services.values())
        return (manifest for manifests in ordered for manifest in manifests)

    def __len__(self) -> int:
        return sum(map(len, self.services.values()))

    def of(self, service: str) -> tuple[Manifest, ...]:
        """The service's manifests, none for a service without any."""
        return self.services.get(service, ())
