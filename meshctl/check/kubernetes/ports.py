"""Numbers of ports."""

from __future__ import annotations

from collections.abc import Iterator

from meshctl.check.finding import Fault
from meshctl.check.node import Node

_LARGEST_PORT = 65535


def port_faults(*numbers: Node, least: int = 1) -> Iterator[Fault]:
    """Of each number that is no port; a name, or what is not there, is judged elsewhere. A `least` of 0 is for fields
    in which that is as good as absent."""
    for node in numbers:
        if node.number is not None and not least <= node.number <= _LARGEST_PORT:
            yield node.fault(f"{node.number} is no port: they are from 1 to {_LARGEST_PORT}")
