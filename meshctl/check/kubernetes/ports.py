"""Numbers of ports."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.node import Node

_LARGEST_PORT = 65535


def port_faults(*numbers: Node) -> Iterator[Fault]:
    """Of each number that is no port; a name, or what is not there, is judged elsewhere."""
    for node in numbers:
        if node.number is not None and not 0 < node.number <= _LARGEST_PORT:
            yield node.fault(f"{node.number} is no port: they are from 1 to {_LARGEST_PORT}")
