"""The one room that talks to an API server: connect, discover, get, list, watch, apply, delete, logs.

`connect` chooses the cluster and gives a `Cluster`. Importing this room is cheap; the official client and its libraries
are imported by `connect`.
"""

from __future__ import annotations

from meshctl.cluster.client import Cluster, Listing, Result
from meshctl.cluster.connect import connect, contexts
from meshctl.cluster.discovery import Resource
from meshctl.cluster.logs import LogStream
from meshctl.cluster.target import Target
from meshctl.cluster.watch import Watch, WatchEvent

__all__ = [
    "Cluster",
    "Listing",
    "LogStream",
    "Resource",
    "Result",
    "Target",
    "Watch",
    "WatchEvent",
    "connect",
    "contexts",
]
