"""start, stop, restart, reload, diff: what changes a cluster, as generators of events over plan, bundle and cluster.

A run is a walk over the graph of services (`walk`), in which each service has a task that reads from top to bottom
(`start`, `stop`, `restart`, `reload`); worker threads talk to the API server, and one watch a kind tells what happens.
"""

from __future__ import annotations

from meshctl.lifecycle.diff import Change, diff
from meshctl.lifecycle.guard import guard
from meshctl.lifecycle.interrupt import Interrupt
from meshctl.lifecycle.options import ReloadOptions, RestartOptions, RunOptions, StartOptions, StopOptions, WaitOptions
from meshctl.lifecycle.reload import reload
from meshctl.lifecycle.restart import restart
from meshctl.lifecycle.start import start
from meshctl.lifecycle.stop import stop, users_of
from meshctl.lifecycle.waiting import wait

__all__ = [
    "Change",
    "Interrupt",
    "ReloadOptions",
    "RestartOptions",
    "RunOptions",
    "StartOptions",
    "StopOptions",
    "WaitOptions",
    "diff",
    "guard",
    "reload",
    "restart",
    "start",
    "stop",
    "users_of",
    "wait",
]
