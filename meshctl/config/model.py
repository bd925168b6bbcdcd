"""The configuration as every later stage sees it: typed, checked, resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meshctl import yamlio
from meshctl.errors import Caution, Where


@dataclass(frozen=True)
class Wait:
    """When a service counts as up. `timeout` is in seconds, None leaves it to the command.

    `for_` is `ready`, `applied`, `condition=TYPE[=STATUS]` or `cel=EXPRESSION`.
    """

    timeout: float | None = None
    for_: str = "ready"


@dataclass(frozen=True)
class Service:
    """One service. `vars` are the project's overlaid with its own; `template` is empty for the folder of its name."""

    name: str
    where: Where
    needs: tuple[str, ...] = ()
    template: str = ""
    vars: Mapping[str, Any] = field(default_factory=dict)
    inject: bool = True
    wait: Wait = Wait()
    groups: tuple[str, ...] = ()
    need_where: Mapping[str, Where] = field(default_factory=dict)
    secret_vars: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Group:
    """`members` as declared, nested groups with their @; `services` are all of them, flat, in order."""

    name: str
    members: tuple[str, ...]
    services: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """`enable` or `disable`: names of services and of groups."""

    services: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Istio:
    """How a namespace that meshctl makes is labelled for injection."""

    inject: bool = True
    revision: str = ""


@dataclass(frozen=True)
class ClusterRules:
    """What may be written, and where; contexts and namespaces are globs."""

    allow_contexts: tuple[str, ...] = ()
    allow_namespaces: tuple[str, ...] = ()
    scoped_kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ignore:
    """Findings that are not told: of a code, of a service and an object (`KIND/NAME`); both may be globs, or empty."""

    code: str
    service: str
    object: str
    reason: str
    where: Where


@dataclass(frozen=True)
class Origin:
    """One layer that set the value at `path`, in the order of layers.

    `in_force` says whether anything of it is left: of a list to which `operator`, + or -, added or of which it took
    away, that may be several layers.
    """

    path: str
    value: Any
    layer: str
    where: Where | None
    operator: str = ""
    in_force: bool = True


@dataclass(frozen=True)
class Config:
    """`output_path` and `template_paths` are absolute; `ttl` is a Go duration or empty; services are in their order.

    `effective` is the file that would give this configuration without any layers; `find` gives places.
    `secret_vars` are the variables whose values are shown nowhere, as they are those of a service.
    """

    project_root: Path
    file: Path
    environment: str
    project: str
    namespace: str
    user: str
    output_path: Path
    template_paths: tuple[Path, ...]
    ttl: str
    vars: Mapping[str, Any]
    services: Mapping[str, Service]
    groups: Mapping[str, Group]
    must_deps: tuple[str, ...]
    high: tuple[str, ...]
    mid: tuple[str, ...]
    low: tuple[str, ...]
    enable: Choice
    disable: Choice
    istio: Istio
    cluster: ClusterRules
    ignore: tuple[Ignore, ...]
    warnings: tuple[Caution, ...]
    effective: Mapping[str, Any]
    origins: tuple[Origin, ...]
    find: Callable[[yamlio.Path], Where] = field(repr=False, compare=False)
    secret_vars: frozenset[str] = frozenset()

    def where(self, *path: str | int) -> Where:
        """The place of the value at `path`, like `where("vars", "tag")`, in the layer that set it last; of its nearest
        parent where nothing is."""
        return self.find(path)
