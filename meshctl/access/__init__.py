"""Ways into a service's pods: a command in one of its containers, ports of this machine that lead to it.

Who asks names a service; which of its pods is meant is decided here.
"""

from __future__ import annotations

from meshctl.access.forwarding import Moved, Note, Opened, Refused, forward
from meshctl.access.place import Place, find
from meshctl.access.pods import Whose, whose
from meshctl.access.ports import Way, Wish, wish
from meshctl.cluster.forward import LOCALHOST

__all__ = [
    "LOCALHOST",
    "Moved",
    "Note",
    "Opened",
    "Place",
    "Refused",
    "Way",
    "Whose",
    "Wish",
    "find",
    "forward",
    "whose",
    "wish",
]
