"""What a caller may choose about a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CONCURRENCY = 16
TIMEOUT = 300.0


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """`timeout` is in seconds for each service, counted from its first request; a service's own `wait.timeout` wins.

    `fail_fast` begins nothing more after the first failure. `concurrency` bounds the requests under way at once.
    `command` is what the history says that was typed.
    """

    timeout: float = TIMEOUT
    fail_fast: bool = False
    concurrency: int = CONCURRENCY
    command: str = ""


@dataclass(frozen=True, kw_only=True)
class ApplyOptions(RunOptions):
    """Without `wait` the order is kept, but nothing is waited for.

    `force_conflicts` takes fields that other managers own, `take_ownership` objects that carry another's labels;
    `replace` deletes and makes again what has a field that cannot change.
    """

    wait: bool = True
    force_conflicts: bool = False
    take_ownership: bool = False
    replace: bool = False


@dataclass(frozen=True, kw_only=True)
class StartOptions(ApplyOptions):
    """`prune` deletes what has left the templates, with `everything` also services that have left the config.

    `ttl`, in seconds, is how long a namespace that meshctl made has left to live; None is what the config says.
    """

    dry_run: Literal["none", "client", "server"] = "none"
    prune: bool = True
    everything: bool = False
    ttl: float | None = None


@dataclass(frozen=True, kw_only=True)
class StopOptions(RunOptions):
    """`with_dependents` also stops what needs the selected; `force` does not mind that it is running."""

    keep_data: bool = True
    with_dependents: bool = False
    force: bool = False
    delete_namespace: bool = False
    take_ownership: bool = False


@dataclass(frozen=True, kw_only=True)
class RestartOptions(RunOptions):
    """`changed` rolls only workloads that read a ConfigMap or Secret which has changed since their pods began."""

    wait: bool = True
    changed: bool = False


@dataclass(frozen=True, kw_only=True)
class ScaleOptions(RunOptions):
    wait: bool = True


@dataclass(frozen=True, kw_only=True)
class ReloadOptions(ApplyOptions):
    pass


@dataclass(frozen=True, kw_only=True)
class CollectOptions(RunOptions):
    """`timeout` is for all namespaces together."""

    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class WaitOptions(RunOptions):
    """`goal` is what a service's `wait.for` may be, or `deleted`; empty leaves it to each service's own."""

    goal: str = ""
