"""Ways into a service's pods: a command in one of its containers, ports of this machine that lead to it.

Who asks names a service; which of its pods is meant is decided here.
"""

from __future__ import annotations

from meshctl.access.place import Place, find
from meshctl.access.pods import Whose, whose

__all__ = ["Place", "Whose", "find", "whose"]
