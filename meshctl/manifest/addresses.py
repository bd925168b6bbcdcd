"""Texts that name a Kubernetes Service by its DNS name; a mere word is never taken for one.

What counts: `redis:6379` with a port that the Service has, `http://web`, `web.shop.svc`, and a variable or option
that is called a host, an address or the like and is nothing but the name: `DB_HOST: postgres`, `--redis-host redis`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_BEFORE = r"(?<![\w.\-/])(?:[\w-]+\.)?"  # a pod's own name may come first: kafka-0.kafka
_IN_URL = r"[a-zA-Z][\w+.\-]*://(?:[^\s/@'\"]*@)?(?:[\w-]+\.)?"
_REFERENCE = re.compile(r"\$\((\w+)\)")
_CALLED_HOST = (
    r"(?:host|hosts|hostname|addr|addrs|address|server|servers|data source|endpoint|endpoints|url|uri|brokers?)"
)


@dataclass(frozen=True)
class Address:
    """A Service as others may name it."""

    name: str
    namespace: str
    ports: frozenset[str]

    def is_named_in(self, text: str, namespace: str) -> bool:
        """Whether a text names it; `namespace` is that of whoever has the text."""
        return self.name in text and any(re.search(form, text) for form in self._forms(namespace))

    def _forms(self, namespace: str) -> Iterator[str]:
        name = re.escape(self.name)
        ports = f"(?:{'|'.join(sorted(map(re.escape, self.ports)))})" if self.ports else None
        qualified = rf"{name}\.{re.escape(self.namespace)}" if self.namespace else rf"{name}\.[\w-]+"
        yield rf"(?:{_BEFORE}|{_IN_URL}){qualified}\.svc(?![\w-])"
        hosts = [qualified] if self.namespace else []
        if namespace == self.namespace:
            hosts.append(name)
        for host in hosts:
            yield rf"{_IN_URL}{host}(?![\w.\-@])"
            if ports:
                yield rf"(?:{_BEFORE}|{_IN_URL}){host}:{ports}(?![\w.@])"
                yield rf"(?<![\w.\-/]){host}\s+{ports}(?![\w.])"
            yield rf"(?im){_CALLED_HOST}[\"']?\s*[:=\s]\s*[\"']?(?:tcp:)?{host}[\"']?\s*(?:[,;}}]|$|(?=\s-))"


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """What a container is told: `$(NAME)` is a variable that it has; one that it has not stays as it is."""
    return _REFERENCE.sub(lambda found: variables.get(found[1], found[0]), text)
