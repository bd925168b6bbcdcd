"""Many hosts, wildcards among them, and which of them mean some host that a name means too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class HostIndex(Generic[Thing]):
    """Things by their hosts, to look through without comparing each host with each.

    A wildcard counts if it stands for whole labels, as `*.example.com`; Istio matches others nowhere.
    """

    def __init__(self, things: Iterable[tuple[str, Thing]] = ()) -> None:
        self._named: dict[str, list[tuple[str, Thing]]] = defaultdict(list)
        self._ending: dict[str, list[tuple[str, Thing]]] = defaultdict(list)
        for host, thing in things:
            self.add(host, thing)

    def add(self, host: str, thing: Thing) -> None:
        self._named[host].append((host, thing))
        for end in _ends(host):
            self._ending[end].append((host, thing))

    def of(self, host: str) -> Iterator[Thing]:
        """The things with this very host."""
        return (thing for _, thing in self._named.get(host, ()))

    def covering(self, host: str) -> Iterator[tuple[str, Thing]]:
        """The things with a wildcard that takes all of a host, the most exact first."""
        for end in _ends(host):
            yield from self._named.get(f"*{end}", ())

    def overlapping(self, host: str) -> Iterator[tuple[str, Thing]]:
        """The things whose hosts mean some host that this one means, with those hosts: first the same, then those that
        take all of it."""
        yield from self._named.get(host, ())
        yield from (found for found in self.covering(host) if found[0] != host)
        if host.startswith("*"):
            yield from (found for found in self._ending.get(host[1:], ()) if found[0] != host)


def _ends(host: str) -> Iterator[str]:
    """What a wildcard that takes a host ends with: `.b.c`, `.c` and nothing for `a.b.c` and for `*.b.c`."""
    rest = host.removeprefix("*")
    if rest != host:
        yield rest
    while (dot := rest.find(".", 1)) > 0:
        rest = rest[dot:]
        yield rest
    if rest:
        yield ""
