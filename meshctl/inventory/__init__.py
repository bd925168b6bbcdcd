"""What is in the cluster, as tables by service. Reads only, one LIST a kind.

    table = read(cluster, Status(plan, bundle, orphans=True))
    for table in watch(cluster, Pods(Scope(project, namespace)), interrupt):
        ...

A view says what it needs to know and makes rows of it; every row has its `record` for machine output.
"""

from __future__ import annotations

from meshctl.inventory.description import Describe, Description, describe
from meshctl.inventory.drift import Drift
from meshctl.inventory.happenings import EventRow, Happenings
from meshctl.inventory.namespaces import NamespaceRow, Namespaces
from meshctl.inventory.pods import PodRow, Pods
from meshctl.inventory.reading import Interrupt, Table, View, read, watch
from meshctl.inventory.scope import Scope
from meshctl.inventory.services import PortRow, Ports, ServiceRow, Services
from meshctl.inventory.state import ServiceState
from meshctl.inventory.status import Status, StatusRow

__all__ = [
    "Describe",
    "Description",
    "Drift",
    "EventRow",
    "Happenings",
    "Interrupt",
    "NamespaceRow",
    "Namespaces",
    "PodRow",
    "Pods",
    "PortRow",
    "Ports",
    "Scope",
    "ServiceRow",
    "ServiceState",
    "Services",
    "Status",
    "StatusRow",
    "Table",
    "View",
    "describe",
    "read",
    "watch",
]
