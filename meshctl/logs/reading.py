"""What one run of `logs` reads, for whom, and what ends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from meshctl.logs.options import LogOptions, Selector

if TYPE_CHECKING:
    from meshctl.cluster import Cluster


class Interrupt(Protocol):
    """What ends the reading from outside: the event that Ctrl-C sets."""

    def is_set(self) -> bool:
        """Whether to stop now."""


@dataclass(frozen=True)
class Reading:
    """`notice` takes what is no log line but good to know, a sentence each, in the thread that takes the lines."""

    cluster: Cluster
    namespace: str
    selector: Selector
    options: LogOptions
    interrupt: Interrupt
    notice: Callable[[str], None]
