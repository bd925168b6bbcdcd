"""start, stop, restart, reload, diff: what changes a cluster, as generators of events over plan, bundle and cluster.

A run is a walk over the graph of services (`walk`), in which each service has a task that reads from top to bottom
(`start`, `stop`, `restart`, `reload`); worker threads talk to the API server, and one watch a kind tells what happens.
"""

from __future__ import annotations

from meshctl.lifecycle.collecting import collect, expired
from meshctl.lifecycle.diff import Change, diff
from meshctl.lifecycle.guard import guard
from meshctl.lifecycle.interrupt import Interrupt
from meshctl.lifecycle.options import (
    CollectOptions,
    ReloadOptions,
    RestartOptions,
    RunOptions,
    ScaleOptions,
    StartOptions,
    StopOptions,
    WaitOptions,
)
from meshctl.lifecycle.reload import reload
from meshctl.lifecycle.restart import restart
from meshctl.lifecycle.rollback import Restored, restore, rollback
from meshctl.lifecycle.scale import Size, parse_size, scale
from meshctl.lifecycle.start import start
from meshctl.lifecycle.stop import stop, users_of
from meshctl.lifecycle.waiting import wait

__all__ = [
    "Change",
    "CollectOptions",
    "Interrupt",
    "ReloadOptions",
    "RestartOptions",
    "Restored",
    "RunOptions",
    "ScaleOptions",
    "Size",
    "StartOptions",
    "StopOptions",
    "WaitOptions",
    "collect",
    "diff",
    "expired",
    "guard",
    "parse_size",
    "reload",
    "restart",
    "restore",
    "rollback",
    "scale",
    "start",
    "stop",
    "users_of",
    "wait",
]
