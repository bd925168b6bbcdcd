"""What render makes and everything after it takes: manifests, service by service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from meshctl.errors import Caution, Where
from meshctl.identity import ObjectRef


@dataclass(frozen=True)
class Manifest:
    """One object. `file` is the path below the output folder; `locate` finds the template's line, when asked."""

    body: Mapping[str, Any]
    service: str
    file: str
    locate: Callable[[], Where] = field(repr=False, compare=False)

    @cached_property
    def ref(self) -> ObjectRef:
        return ObjectRef.of(self.body)

    @cached_property
    def where(self) -> Where:
        return self.locate()


@dataclass(frozen=True)
class Bundle:
    """The manifests of a plan by service, in the plan's order; `_namespace` is first if there is one."""

    namespace: str
    services: Mapping[str, tuple[Manifest, ...]]
    warnings: tuple[Caution, ...] = ()

    def __iter__(self) -> Iterator[Manifest]:
        return (manifest for manifests in self.services.values() for manifest in manifests)

    def __len__(self) -> int:
        return sum(map(len, self.services.values()))

    def of(self, service: str) -> tuple[Manifest, ...]:
        """The service's manifests, none for a service without any."""
        return self.services.get(service, ())
