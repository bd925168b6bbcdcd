"""The one room that talks to an API server: connect, discover, read, watch, write, logs, exec, port-forward.

`connect` chooses the cluster and gives a `Cluster`. Importing this room is cheap; the official client and its libraries
are imported by `connect`.
"""

from __future__ import annotations

from meshctl.cluster.client import Cluster, Listing, Result
from meshctl.cluster.connect import connect, contexts
from meshctl.cluster.discovery import Resource
from meshctl.cluster.exec import Execution
from meshctl.cluster.forward import PortForward
from meshctl.cluster.logs import LogStream
from meshctl.cluster.target import Target
from meshctl.cluster.watch import Watch, WatchEvent

__all__ = [
    "Cluster",
    "Execution",
    "Listing",
    "LogStream",
    "PortForward",
    "Resource",
    "Result",
    "Target",
    "Watch",
    "WatchEvent",
    "connect",
    "contexts",
]
