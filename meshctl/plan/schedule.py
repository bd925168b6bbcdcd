"""The walk over a plan: what may begin now, what that sets free, and what a failure blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from meshctl.plan.order import inverse
from meshctl.plan.tiers import is_barrier


class Schedule:
    """Mutable, and not thread-safe: one loop asks `ready` and reports `done` or `fail`.

    A service is *settled* when it is done, failed or blocked. A barrier is released once all that it waits for is
    settled, whatever became of it; a service begins once all that it waits for is done and its barrier is released.
    """

    def __init__(self, order: Sequence[str], waits: Mapping[str, Sequence[str]]) -> None:
        """`order` is a valid order of the services and decides among those whose turn it is; `waits` has what each
        service and each barrier waits for."""
        self._rank = {name: place for place, name in enumerate(order)}
        self._waits = waits
        self._followers = inverse(waits)
        self._missing = {node: len(before) for node, before in waits.items()}
        self._unsettled = set(waits)
        self._blocked: dict[str, tuple[str, ...]] = {}
        self._free = [node for node, count in self._missing.items() if not count]

    def ready(self) -> list[str]:
        """The services that may begin now, in the plan's order. Each is given out once."""
        names = self._in_order(self._unsettled.intersection(self._free))
        self._free.clear()
        return names

    def done(self, name: str) -> None:
        """The service is ready (or, in reverse, gone): what waited for it alone may begin."""
        self._settle(name)
        for follower in self._followers[name]:
            self._count_down(follower)

    def fail(self, name: str) -> list[tuple[str, tuple[str, ...]]]:
        """The services that can no longer begin, in the plan's order, each with the failure that is to blame."""
        self._settle(name)
        lost: list[str] = []
        turn = [name]
        while turn:
            for follower in self._followers[turn.pop()]:
                if is_barrier(follower):
                    self._count_down(follower)
                elif follower in self._unsettled:
                    self._unsettled.remove(follower)
                    lost.append(follower)
                    turn.append(follower)
        blocked = dict.fromkeys(self._in_order(lost), (name,))
        self._blocked.update(blocked)
        return list(blocked.items())

    def waiting_for(self, name: str) -> tuple[str, ...]:
        """What keeps the service from beginning, in the plan's order: its needs, or else the tier before its own."""
        before = self._unsettled.intersection(self._waits[name])
        needs = [node for node in before if not is_barrier(node)]
        if needs or not before:
            return tuple(self._in_order(needs))
        return self.waiting_for(before.pop())

    @property
    def blocked(self) -> Mapping[str, tuple[str, ...]]:
        """Every service that can no longer begin, with the failure that is to blame."""
        return MappingProxyType(self._blocked)

    @property
    def finished(self) -> bool:
        """Every service is settled."""
        return not self._unsettled

    def _settle(self, name: str) -> None:
        if name not in self._rank:
            raise KeyError(name)
        if name not in self._unsettled:
            raise ValueError(f"{name} is settled already")
        self._unsettled.remove(name)

    def _count_down(self, node: str) -> None:
        self._missing[node] -= 1
        if self._missing[node]:
            return
        if not is_barrier(node):
            self._free.append(node)
            return
        self._unsettled.remove(node)
        for follower in self._followers[node]:
            self._count_down(follower)

    def _in_order(self, names: Iterable[str]) -> list[str]:
        return sorted(names, key=self._rank.__getitem__)
